// Merges strategic merge patches as the apiserver does. Each line of standard input is
//
//	{"original": object, "patch": object}
//
// and gives one line of standard output, a list of {"result": object} or {"code": the apiserver's answer, "error": its
// words}. It is one, or as many as Go's random order of map keys leads to. The objects are of the type `item` below, whose
// fields have every tag that tells how to merge.
//
//	go run ./patches
package main

import (
	"bufio"
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"os"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

type item struct {
	Name     string               `json:"name,omitempty"`
	Value    string               `json:"value,omitempty"`
	Number   int64                `json:"number,omitempty"`
	Words    map[string]string    `json:"words,omitempty"`
	Items    []item               `json:"items,omitempty" patchStrategy:"merge" patchMergeKey:"name"`
	Choices  []item               `json:"choices,omitempty" patchStrategy:"merge,retainKeys" patchMergeKey:"name"`
	Whole    []item               `json:"whole,omitempty"`
	Set      []string             `json:"set,omitempty" patchStrategy:"merge"`
	Numbers  []int64              `json:"numbers,omitempty" patchStrategy:"merge"`
	List     []string             `json:"list,omitempty"`
	Inner    *item                `json:"inner,omitempty"`
	Choice   *item                `json:"choice,omitempty" patchStrategy:"retainKeys"`
	Replaced *item                `json:"replaced,omitempty" patchStrategy:"replace"`
	Raw      runtime.RawExtension `json:"raw,omitempty" patchStrategy:"replace"`
}

type question struct {
	Original map[string]interface{} `json:"original"`
	Patch    map[string]interface{} `json:"patch"`
}

type answer struct {
	Result map[string]interface{} `json:"result,omitempty"`
	Code   int                    `json:"code,omitempty"`
	Error  string                 `json:"error,omitempty"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		text, err := stdjson.Marshal(answers(line))
		if err != nil {
			fmt.Fprintln(os.Stderr, "patches:", err)
			os.Exit(1)
		}
		out.Write(append(text, '\n'))
	}
}

// A list that is deleted from and merged at once is where the order counts.
var orderCounts = []byte("$deleteFromPrimitiveList")

func answers(line []byte) []answer {
	found := []answer{merged(line)}
	if !bytes.Contains(line, orderCounts) {
		return found
	}
	for try := 0; try < 64; try++ {
		if next := merged(line); next.Error != found[0].Error || !reflect.DeepEqual(next.Result, found[0].Result) {
			return append(found, next)
		}
	}
	return found
}

func merged(line []byte) (result answer) {
	// Values that cannot be compared make the merge panic: the apiserver ends the connection without an answer.
	defer func() {
		if panicked := recover(); panicked != nil {
			result = answer{Error: fmt.Sprint(panicked)}
		}
	}()
	asked := question{}
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Code: 400, Error: err.Error()}
	}
	object, err := strategicpatch.StrategicMergeMapPatch(asked.Original, asked.Patch, item{})
	if err != nil {
		return answer{Code: codeOf(err), Error: err.Error()}
	}
	return answer{Result: object}
}

// Source: apiserver pkg/endpoints/handlers/patch.go, interpretStrategicMergePatchError.
func codeOf(err error) int {
	switch err {
	case mergepatch.ErrBadJSONDoc, mergepatch.ErrBadPatchFormatForPrimitiveList, mergepatch.ErrBadPatchFormatForRetainKeys,
		mergepatch.ErrBadPatchFormatForSetElementOrderList, mergepatch.ErrUnsupportedStrategicMergePatchFormat:
		return 400
	case mergepatch.ErrNoListOfLists, mergepatch.ErrPatchContentNotMatchRetainKeys:
		return 422
	default:
		return 500
	}
}
