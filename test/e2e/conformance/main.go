// conformance runs Kubernetes' own specs of sig-api-machinery against the server of a kubeconfig: the same specs, flags and
// report as Kubernetes' e2e.test, without the other groups and without the suite's wait for nodes and system pods, of which
// a bare control plane has none.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"k8s.io/kubernetes/test/e2e/framework"
	"k8s.io/kubernetes/test/e2e/framework/config"

	_ "k8s.io/kubernetes/test/e2e/apimachinery"
)

// verdict is what ginkgo fails instead of a *testing.T.
type verdict struct{ failed bool }

func (v *verdict) Fail() { v.failed = true }

func main() {
	config.CopyFlags(config.Flags, flag.CommandLine)
	framework.RegisterCommonFlags(flag.CommandLine)
	framework.RegisterClusterFlags(flag.CommandLine)
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "not a flag:", flag.Args())
		os.Exit(2)
	}
	framework.AfterReadingAllFlags(&framework.TestContext)

	gomega.RegisterFailHandler(framework.Fail)
	suite, reporter := framework.CreateGinkgoConfig()
	var v verdict
	ginkgo.RunSpecs(&v, "Kubernetes sig-api-machinery", suite, reporter)
	if v.failed {
		os.Exit(1)
	}
}
