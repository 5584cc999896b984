package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

type line map[string]any

var (
	printing sync.Mutex
	requests atomic.Int64
	started  = time.Now()
)

// printLine writes one event; "at" is in milliseconds since the program started.
func printLine(l line) {
	l["at"] = time.Since(started).Milliseconds()
	printing.Lock()
	defer printing.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(l); err != nil {
		os.Exit(1) // nobody reads any more
	}
}

type recorder struct{ next http.RoundTripper }

func recordRequests(next http.RoundTripper) http.RoundTripper { return recorder{next} }

func (r recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	id := requests.Add(1)
	response, err := r.next.RoundTrip(request)
	l := line{"event": "request", "id": id, "method": request.Method, "url": request.URL.RequestURI()}
	if err != nil {
		l["error"] = err.Error()
		printLine(l)
		return response, err
	}
	l["status"] = response.StatusCode
	if source := response.Header.Get("X-Holdfast-Source"); source != "" {
		l["source"] = source
	}
	printLine(l)
	response.Body = &recordedBody{ReadCloser: response.Body, id: id}
	return response, nil
}

// recordedBody tells once how a response ended: by its own end, by an error, or because the client left.
type recordedBody struct {
	io.ReadCloser
	id    int64
	bytes atomic.Int64
	once  sync.Once
}

func (b *recordedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes.Add(int64(n))
	if err != nil {
		b.ended(err.Error())
	}
	return n, err
}

func (b *recordedBody) Close() error {
	b.ended("closed by the client")
	return b.ReadCloser.Close()
}

func (b *recordedBody) ended(how string) {
	b.once.Do(func() { printLine(line{"event": "closed", "id": b.id, "bytes": b.bytes.Load(), "how": how}) })
}
