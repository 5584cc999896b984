package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// follow runs one informer for each resource until ctx ends.
func follow(ctx context.Context, config *rest.Config, o options) error {
	tweak := func(list *metav1.ListOptions) { list.LabelSelector, list.FieldSelector = o.labels, o.fields }
	typedClient, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	dynamicClient, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	typed := informers.NewSharedInformerFactoryWithOptions(typedClient, 0,
		informers.WithNamespace(o.namespace), informers.WithTweakListOptions(tweak))
	untyped := dynamicinformer.NewFilteredDynamicSharedInformerFactory(dynamicClient, 0, o.namespace, tweak)

	followed := map[string]cache.SharedIndexInformer{}
	for _, text := range strings.Split(o.resources, ",") {
		group, version, resource, err := splitResource(text)
		if err != nil {
			return err
		}
		gvr := schema.GroupVersionResource{Group: group, Version: version, Resource: resource}
		generic, err := typed.ForResource(gvr)
		if err != nil { // not among the kinds client-go has types for: a custom resource
			generic = untyped.ForResource(gvr)
		}
		informer := generic.Informer()
		if err := observe(informer, text); err != nil {
			return err
		}
		followed[text] = informer
	}
	go dumpOnSignal(ctx, followed)
	typed.Start(ctx.Done())
	untyped.Start(ctx.Done())
	for text, informer := range followed {
		go func() {
			if cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
				printLine(line{"event": "synced", "resource": text, "size": len(informer.GetStore().ListKeys()),
					"rv": informer.LastSyncResourceVersion()})
			}
		}()
	}
	<-ctx.Done()
	typed.Shutdown()
	untyped.Shutdown()
	return nil
}

func observe(informer cache.SharedIndexInformer, resource string) error {
	object := func(event string, o any) line {
		l := line{"event": event, "resource": resource}
		if unknown, ok := o.(cache.DeletedFinalStateUnknown); ok {
			l["finalStateUnknown"] = true // seen missing in a new list, not told by a watch
			l["key"] = unknown.Key
			o = unknown.Obj
		}
		if accessor, err := meta.Accessor(o); err == nil {
			l["key"], l["uid"], l["rv"] = cache.MetaObjectToName(accessor).String(), accessor.GetUID(), accessor.GetResourceVersion()
		}
		l["size"] = len(informer.GetStore().ListKeys())
		return l
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { printLine(object("add", o)) },
		UpdateFunc: func(old, o any) {
			l := object("update", o)
			if accessor, err := meta.Accessor(old); err == nil {
				l["oldUid"], l["oldRv"] = accessor.GetUID(), accessor.GetResourceVersion()
			}
			printLine(l)
		},
		DeleteFunc: func(o any) { printLine(object("delete", o)) },
	})
	if err != nil {
		return err
	}
	return informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		l := line{"event": "error", "resource": resource, "message": err.Error()}
		if status, ok := err.(apierrors.APIStatus); ok {
			l["reason"], l["code"] = status.Status().Reason, status.Status().Code
		}
		printLine(l)
	})
}

// dumpOnSignal prints every store on SIGUSR1, then one line that ends the dump.
func dumpOnSignal(ctx context.Context, followed map[string]cache.SharedIndexInformer) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGUSR1)
	for number := 1; ; number++ {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		stores := map[string]any{}
		for resource, informer := range followed {
			objects := map[string]line{}
			for _, o := range informer.GetStore().List() {
				accessor, err := meta.Accessor(o)
				if err != nil {
					fail(fmt.Errorf("an object without metadata in the store of %s: %w", resource, err))
				}
				objects[cache.MetaObjectToName(accessor).String()] = line{"uid": accessor.GetUID(), "rv": accessor.GetResourceVersion()}
			}
			stores[resource] = line{"rv": informer.LastSyncResourceVersion(), "synced": informer.HasSynced(), "objects": objects}
		}
		printLine(line{"event": "store", "number": number, "stores": stores})
	}
}
