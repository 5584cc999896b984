// What a body of application/vnd.kubernetes.protobuf begins with.
export const magic: Buffer = Buffer.from('k8s\0');
