// informer follows resources as a controller does, by client-go's shared informer, and prints one JSON line on
// stdout for all it sees: requests sent and streams closed, watch errors, add/update/delete, synced, and on SIGUSR1
// the whole store. It ends with its stdin, so it never outlives who started it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

type options struct {
	kubeconfig, server, ca, cert, key, token string
	resources, namespace, labels, fields     string
	watchList, protobuf                      bool
}

func main() {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig `file`; the flags below win over it")
	flag.StringVar(&o.server, "server", "", "`URL` of the apiserver")
	flag.StringVar(&o.ca, "ca", "", "`file` with the certificate authority of the server")
	flag.StringVar(&o.cert, "cert", "", "client certificate `file`")
	flag.StringVar(&o.key, "key", "", "client key `file`")
	flag.StringVar(&o.token, "token", "", "bearer token; no client certificate is sent then")
	flag.StringVar(&o.resources, "resources", "v1/pods", "what to follow, as version/resource or group/version/resource, comma separated")
	flag.StringVar(&o.namespace, "namespace", "", "only this namespace")
	flag.StringVar(&o.labels, "selector", "", "label selector")
	flag.StringVar(&o.fields, "field-selector", "", "field selector")
	flag.BoolVar(&o.watchList, "watchlist", true, "begin with a streaming list, where client-go does")
	flag.BoolVar(&o.protobuf, "protobuf", false, "prefer protobuf, as kubelet does")
	flag.Parse()
	// client-go reads its feature gates from the environment when the first one is asked for.
	if err := os.Setenv("KUBE_FEATURE_WatchListClient", fmt.Sprint(o.watchList)); err != nil {
		fail(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	config, err := o.config()
	if err != nil {
		fail(err)
	}
	if err := follow(ctx, config, o); err != nil {
		fail(err)
	}
}

func (o options) config() (*rest.Config, error) {
	config := &rest.Config{}
	if o.kubeconfig != "" {
		var err error
		if config, err = clientcmd.BuildConfigFromFlags("", o.kubeconfig); err != nil {
			return nil, err
		}
	}
	if o.server != "" {
		config.Host = o.server
	}
	if o.ca != "" {
		config.CAFile, config.CAData = o.ca, nil
	}
	if o.cert != "" {
		config.CertFile, config.KeyFile, config.CertData, config.KeyData = o.cert, o.key, nil, nil
	}
	if o.token != "" {
		config.BearerToken = o.token
		config.CertFile, config.KeyFile, config.CertData, config.KeyData = "", "", nil, nil
	}
	if o.protobuf {
		config.ContentType = "application/vnd.kubernetes.protobuf"
		config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	}
	config.QPS = -1 // no limit of the client's own
	config.UserAgent = "holdfast-e2e-informer"
	config.Wrap(recordRequests)
	return config, nil
}

func splitResource(text string) (group, version, resource string, err error) {
	switch parts := strings.Split(text, "/"); len(parts) {
	case 2:
		return "", parts[0], parts[1], nil
	case 3:
		return parts[0], parts[1], parts[2], nil
	}
	return "", "", "", fmt.Errorf("%q is not version/resource or group/version/resource", text)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "informer:", err)
	os.Exit(1)
}
