// Writes objects with random content, one in each line, as client-go encodes them:
//
//	{"apiVersion", "kind", "protobuf": base64, "json": the object, "again"?: base64, "watch"?: base64}
//
// "json" is what Go makes of "protobuf", "again" is what Go makes of "json" where that is other bytes than "protobuf",
// "watch" (asked for by -watch) is "again" as the MODIFIED event of a watch stream, with its length before it.
// The same seed gives the same lines.
//
//	go run ./vectors [-seed 1] [-count 1] [-elements 2] [-watch] [apiVersion/kind...]
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	jsonserializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"sigs.k8s.io/randfill"

	"holdfast.test/scripts/schema/kinds"
)

type vector struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Protobuf   []byte          `json:"protobuf"`
	JSON       json.RawMessage `json:"json"`
	Again      []byte          `json:"again,omitempty"`
	Watch      []byte          `json:"watch,omitempty"`
}

func main() {
	seed := flag.Int64("seed", 1, "of the random content")
	count := flag.Int("count", 1, "objects of each kind")
	elements := flag.Int("elements", 2, "the most that a list or map has")
	watch := flag.Bool("watch", false, "each as an event of a watch, too")
	flag.Parse()
	asked := map[string]bool{}
	for _, kind := range flag.Args() {
		asked[kind] = true
	}

	scheme := kinds.Scheme()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for index, gvk := range protobufKinds(scheme) {
		if len(asked) > 0 && !asked[gvk.GroupVersion().String()+"/"+gvk.Kind] {
			continue
		}
		filler := fuzzer.FuzzerFor(fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, ownFuncs), rand.NewSource(*seed*1000+int64(index)),
			serializer.NewCodecFactory(scheme)).NilChance(0.4).NumElements(0, *elements)
		for i := 0; i < *count; i++ {
			one, again := makeVector(scheme, gvk, filler)
			if *watch {
				one.Watch = watchFrame(gvk, scheme, again)
			}
			line, err := json.Marshal(one)
			must(gvk, err)
			out.Write(append(line, '\n'))
		}
	}
}

func makeVector(scheme *runtime.Scheme, gvk schema.GroupVersionKind, filler *randfill.Filler) (vector, []byte) {
	wire := protobuf.NewSerializer(scheme, scheme)
	text := jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, scheme, scheme, jsonserializer.SerializerOptions{})

	object := newObject(scheme, gvk)
	filler.Fill(object)
	object.GetObjectKind().SetGroupVersionKind(gvk)
	first := encode(gvk, wire, object)
	read := decode(gvk, wire, first, newObject(scheme, gvk))
	read.GetObjectKind().SetGroupVersionKind(gvk)
	written := bytes.TrimSpace(encode(gvk, text, read))
	reread := decode(gvk, text, written, newObject(scheme, gvk))
	reread.GetObjectKind().SetGroupVersionKind(gvk)
	again := encode(gvk, wire, reread)

	apiVersion, kind := gvk.ToAPIVersionAndKind()
	one := vector{APIVersion: apiVersion, Kind: kind, Protobuf: first, JSON: written}
	if !bytes.Equal(first, again) {
		one.Again = again
	}
	return one, again
}

// watchFrame writes an event as the apiserver's watch handler does.
func watchFrame(gvk schema.GroupVersionKind, scheme *runtime.Scheme, object []byte) []byte {
	event := &metav1.WatchEvent{Type: "MODIFIED", Object: runtime.RawExtension{Raw: object}}
	body := encode(gvk, protobuf.NewRawSerializer(scheme, scheme), event)
	var buffer bytes.Buffer
	_, err := protobuf.LengthDelimitedFramer.NewFrameWriter(&buffer).Write(body)
	must(gvk, err)
	return buffer.Bytes()
}

// Functions for what random bytes are not fit for.
func ownFuncs(serializer.CodecFactory) []interface{} {
	return []interface{}{
		func(raw *runtime.RawExtension, c randfill.Continue) {
			*raw = runtime.RawExtension{}
			switch c.Intn(4) {
			case 0:
				raw.Raw = []byte(fmt.Sprintf(`{"n":%d,"s":"x","l":[1,null,true]}`, c.Int63()-c.Int63()))
			case 1:
				raw.Raw = []byte(`"text"`)
			case 2:
				raw.Raw = []byte(`{"apiVersion":"v1","kind":"ConfigMap","data":{"__proto__":"x"}}`)
			}
		},
	}
}

// protobufKinds are all kinds that have a protobuf form, in one order.
func protobufKinds(scheme *runtime.Scheme) []schema.GroupVersionKind {
	var found []schema.GroupVersionKind
	for gvk, goType := range scheme.AllKnownTypes() {
		isShared := strings.HasPrefix(goType.PkgPath(), "k8s.io/apimachinery/") && gvk.Group != "meta.k8s.io"
		if gvk.Version == runtime.APIVersionInternal || (isShared && gvk.Group != "apps") || gvk.Kind == "WatchEvent" {
			continue // a WatchEvent stands in no envelope
		}
		if _, ok := newObject(scheme, gvk).(interface{ Marshal() ([]byte, error) }); ok {
			found = append(found, gvk)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].String() < found[j].String() })
	return found
}

func newObject(scheme *runtime.Scheme, gvk schema.GroupVersionKind) runtime.Object {
	object, err := scheme.New(gvk)
	must(gvk, err)
	return object
}

func encode(gvk schema.GroupVersionKind, encoder runtime.Encoder, object runtime.Object) []byte {
	var buffer bytes.Buffer
	must(gvk, encoder.Encode(object, &buffer))
	return buffer.Bytes()
}

func decode(gvk schema.GroupVersionKind, decoder runtime.Decoder, body []byte, into runtime.Object) runtime.Object {
	object, _, err := decoder.Decode(body, &gvk, into)
	must(gvk, err)
	return object
}

func must(gvk schema.GroupVersionKind, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "vectors: %s: %v\n", gvk, err)
		os.Exit(1)
	}
}
