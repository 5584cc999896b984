// Writes the table of Kubernetes API types to standard output: for each kind its type, and for each type its fields in
// the order in which Go writes them to JSON, read from the struct tags by reflection. The format is described in
// src/apimachinery/schema/schema-table.ts. Anything this program does not understand ends it with an error: a table with
// a gap would lose fields.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"holdfast.test/scripts/schema/kinds"
)

// Types with a JSON form of their own.
var special = map[reflect.Type]string{
	reflect.TypeOf(metav1.Time{}):          "Time",
	reflect.TypeOf(metav1.MicroTime{}):     "MicroTime",
	reflect.TypeOf(metav1.FieldsV1{}):      "FieldsV1",
	reflect.TypeOf(resource.Quantity{}):    "Quantity",
	reflect.TypeOf(intstr.IntOrString{}):   "IntOrString",
	reflect.TypeOf(runtime.RawExtension{}): "RawExtension",
}

var (
	jsonMarshaler = reflect.TypeOf((*json.Marshaler)(nil)).Elem()
	protoMessage  = reflect.TypeOf((*interface{ Marshal() ([]byte, error) })(nil)).Elem()
	typeMeta      = reflect.TypeOf(metav1.TypeMeta{})
)

type table struct {
	queue []reflect.Type
	seen  map[reflect.Type]bool
}

func main() {
	scheme := kinds.Scheme()
	t := &table{seen: map[reflect.Type]bool{}}
	kindLines := map[string]bool{}
	for gvk, goType := range scheme.AllKnownTypes() {
		if gvk.Version == runtime.APIVersionInternal {
			continue
		}
		apiVersion := gvk.GroupVersion().String()
		if strings.HasPrefix(goType.PkgPath(), "k8s.io/apimachinery/") && gvk.Group != "meta.k8s.io" {
			apiVersion = "*" // DeleteOptions, Status and their like exist in every group
		}
		kindLines[fmt.Sprintf("kind %s %s %s", apiVersion, gvk.Kind, t.nameOf(goType))] = true
	}
	blocks := map[string]string{}
	for len(t.queue) > 0 {
		next := t.queue[0]
		t.queue = t.queue[1:]
		blocks[name(next)] = t.block(next)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	fmt.Fprintln(out, "# Kubernetes API types. Written by scripts/schema/table; not edited by hand.")
	for _, line := range sorted(kindLines) {
		fmt.Fprintln(out, line)
	}
	for _, one := range sorted(blocks) {
		fmt.Fprintf(out, "\ntype %s\n%s", one, blocks[one])
	}
}

// block is one line for each field: json name ('-' for a struct whose fields stand in its parent's object), protobuf
// tag (0: not in protobuf), type, flags ('-' for none), patch strategy, patch merge key.
func (t *table) block(goType reflect.Type) string {
	var lines strings.Builder
	for i := 0; i < goType.NumField(); i++ {
		field := goType.Field(i)
		where := name(goType) + "." + field.Name
		if field.Type == typeMeta {
			lines.WriteString("TypeMeta\n")
			continue
		}
		jsonTag, protobufTag := field.Tag.Get("json"), field.Tag.Get("protobuf")
		options := strings.Split(jsonTag, ",")
		jsonName := options[0]
		if jsonName == "-" {
			if protobufTag != "" && protobufTag != "-" {
				fail("%s is in protobuf but not in JSON", where)
			}
			continue
		}
		flags := ""
		for _, option := range options[1:] {
			switch option {
			case "omitempty":
				flags += "o"
			case "omitzero":
				flags += "z"
			case "inline":
			default:
				fail("%s has the unknown JSON option %q", where, option)
			}
		}
		if jsonName == "" {
			if !field.Anonymous || field.Type.Kind() != reflect.Struct {
				fail("%s has no JSON name", where)
			}
			jsonName = "-"
		}
		fieldType := field.Type
		if fieldType.Kind() == reflect.Pointer {
			flags += "p"
			fieldType = fieldType.Elem()
		}
		tag := 0
		if protobufTag != "" && protobufTag != "-" {
			number, err := strconv.Atoi(strings.Split(protobufTag, ",")[1])
			if err != nil {
				fail("%s has the protobuf tag %q", where, protobufTag)
			}
			tag = number
		}
		if flags == "" {
			flags = "-"
		}
		line := []string{jsonName, strconv.Itoa(tag), t.typeText(fieldType, where), flags}
		if strategy, key := field.Tag.Get("patchStrategy"), field.Tag.Get("patchMergeKey"); strategy != "" || key != "" {
			if strategy == "" {
				strategy = "-" // a merge key alone has no effect
			}
			line = append(line, strategy)
			if key != "" {
				line = append(line, key)
			}
		}
		lines.WriteString(strings.Join(line, " ") + "\n")
	}
	return lines.String()
}

// typeText is a scalar, a special type, a message by name, or one of these behind [] (list), map[] (keys are strings)
// or wrapped[] (a list that is a message of its own in protobuf).
func (t *table) typeText(goType reflect.Type, where string) string {
	if one, ok := special[goType]; ok {
		return one
	}
	if goType.Implements(jsonMarshaler) || reflect.PointerTo(goType).Implements(jsonMarshaler) {
		fail("%s: %s has a JSON form of its own", where, goType)
	}
	switch goType.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int32:
		return "int32"
	case reflect.Int64:
		return "int64"
	case reflect.Float64:
		return "double"
	case reflect.Interface:
		return "any"
	case reflect.Struct:
		return t.nameOf(goType)
	case reflect.Map:
		if goType.Key().Kind() != reflect.String {
			fail("%s has keys that are no strings", where)
		}
		return "map[]" + t.typeText(goType.Elem(), where)
	case reflect.Slice:
		if goType.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		if goType.Name() != "" && reflect.PointerTo(goType).Implements(protoMessage) {
			return "wrapped[]" + t.typeText(goType.Elem(), where)
		}
		return "[]" + t.typeText(goType.Elem(), where)
	}
	fail("%s has the type %s, which this program does not know", where, goType)
	return ""
}

func (t *table) nameOf(goType reflect.Type) string {
	if goType.Kind() != reflect.Struct {
		fail("%s is no struct", goType)
	}
	if !t.seen[goType] {
		t.seen[goType] = true
		t.queue = append(t.queue, goType)
	}
	return name(goType)
}

// name is the type's name behind the last two parts of its package: core/v1.Pod.
func name(goType reflect.Type) string {
	parts := strings.Split(goType.PkgPath(), "/")
	return strings.Join(parts[len(parts)-2:], "/") + "." + goType.Name()
}

func sorted[V any](set map[string]V) []string {
	keys := make([]string, 0, len(set))
	for key := range set {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "table: "+format+"\n", arguments...)
	os.Exit(1)
}
