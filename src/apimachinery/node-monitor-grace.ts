/**
 * For so long kube-controller-manager waits for a node's Lease before it takes the node for silent and taints it
 * (`--node-monitor-grace-period`, its default).
 */
export const nodeMonitorGraceMs = 50_000;
