// typed-client does one thing after the other with ConfigMaps, by client-go's typed client, as it is told on stdin: one JSON
// object a line, {"do", "name", "data", "resourceVersion"}. For each it prints one line: what it sent as, what it was
// answered as, and the object or the Status.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
)

type order struct {
	Do, Name, ResourceVersion string
	Data                      map[string]string
}

type report struct {
	Sent, Answered, Source string `json:",omitempty"`
	Object                 any    `json:",omitempty"`
	Status                 any    `json:",omitempty"`
	Error                  string `json:",omitempty"`
}

// last keeps the media types of the newest exchange; orders are carried out one by one.
type last struct {
	next http.RoundTripper
	*report
}

func (l last) RoundTrip(request *http.Request) (*http.Response, error) {
	l.Sent = request.Header.Get("Content-Type")
	response, err := l.next.RoundTrip(request)
	if err == nil {
		l.Answered, l.Source = response.Header.Get("Content-Type"), response.Header.Get("X-Holdfast-Source")
	}
	return response, err
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig `file`")
	namespace := flag.String("namespace", "default", "where the ConfigMaps are")
	accept := flag.String("accept", "", "what is accepted as an answer, if not what client-go accepts by itself")
	flag.Parse()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		fail(err)
	}
	said := &report{}
	config.AcceptContentTypes = *accept
	config.UserAgent = "holdfast-e2e-typed-client"
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return last{next, said} })
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		fail(err)
	}
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		var o order
		if err := json.Unmarshal(orders.Bytes(), &o); err != nil {
			fail(err)
		}
		*said = report{}
		object, err := carryOut(client.CoreV1().ConfigMaps(*namespace), o)
		switch status, isStatus := err.(apierrors.APIStatus); {
		case err == nil:
			said.Object = object
		case isStatus:
			said.Status = status.Status()
		default:
			said.Error = err.Error()
		}
		if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
			fail(err)
		}
	}
}

func carryOut(maps typed.ConfigMapInterface, o order) (any, error) {
	ctx := context.Background()
	wanted := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: o.Name, ResourceVersion: o.ResourceVersion, Labels: map[string]string{"made-by": "go"}},
		Data:       o.Data,
		BinaryData: map[string][]byte{"bytes": {0, 255, 128, 7}},
	}
	switch o.Do {
	case "create":
		return maps.Create(ctx, wanted, metav1.CreateOptions{})
	case "update":
		return maps.Update(ctx, wanted, metav1.UpdateOptions{})
	case "get":
		return maps.Get(ctx, o.Name, metav1.GetOptions{})
	case "list":
		return maps.List(ctx, metav1.ListOptions{LabelSelector: "made-by=go"})
	case "delete":
		return nil, maps.Delete(ctx, o.Name, metav1.DeleteOptions{})
	}
	return nil, fmt.Errorf("%q is not known", o.Do)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "typed-client:", err)
	os.Exit(1)
}
