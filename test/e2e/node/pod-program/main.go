// The one program inside the pods of the node tests; it is also the first process of the node itself.
//
//	pause               waits for the end, and takes in orphans
//	serve [CHECK...]    HTTP on $PORT (8080): / says the host's name, /ready is 200 when every check holds, else says which not,
//	                    /in-cluster/PATH is what the apiserver that this pod was told of answers to GET PATH with the pod's
//	                    own token and trust (?at=HOST:PORT: what answers there)
//	ask PATH            asks the server in this pod; exit code 0 for 200
//	append FILE TEXT [WHEN]    adds a line to FILE and ends; when there is a file WHEN, if one is named
//	write FILE TEXT     makes FILE anew and ends
//	fail                ends with exit code 1
//
// Checks: env:NAME=VALUE, file:PATH=TEXT, token:PATH or token:PATH=AUDIENCE (a JWT that has not expired).
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		end(fmt.Errorf("which verb?"))
	}
	args := os.Args[2:]
	switch os.Args[1] {
	case "pause":
		pause()
	case "serve":
		go serve(args)
		untilSignalled()
	case "ask":
		end(ask(args[0]))
	case "append":
		for len(args) > 2 {
			if _, err := os.Stat(args[2]); err == nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		end(put(args[0], args[1], os.O_APPEND))
	case "write":
		end(put(args[0], args[1], os.O_TRUNC))
	default:
		end(fmt.Errorf("%s", os.Args[1]))
	}
}

func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func untilSignalled() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	<-signals
	os.Exit(0)
}

func pause() {
	children := make(chan os.Signal, 16)
	signal.Notify(children, syscall.SIGCHLD)
	go func() {
		for range children {
			for {
				if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
					break
				}
			}
		}
	}()
	untilSignalled()
}

func port() string {
	if given := os.Getenv("PORT"); given != "" {
		return given
	}
	return "8080"
}

func serve(checks []string) {
	host, _ := os.Hostname()
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, host) })
	http.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		for _, check := range checks {
			if err := hold(check); err != nil {
				http.Error(w, fmt.Sprintf("%s: %v", check, err), http.StatusServiceUnavailable)
				return
			}
		}
		fmt.Fprintln(w, "ready")
	})
	http.HandleFunc("/in-cluster/", inCluster)
	end(http.ListenAndServe(":"+port(), nil))
}

const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

// As client-go's rest.InClusterConfig finds its way.
func inCluster(w http.ResponseWriter, asked *http.Request) {
	at := asked.URL.Query().Get("at")
	if at == "" {
		at = net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	}
	status, body, err := get("https://" + at + strings.TrimPrefix(asked.URL.Path, "/in-cluster"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(status)
	w.Write(body)
}

func get(url string) (int, []byte, error) {
	trusted, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		return 0, nil, err
	}
	token, err := os.ReadFile(account + "token")
	if err != nil {
		return 0, nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trusted)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	request.Header.Set("Accept", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

func ask(path string) error {
	answer, err := (&http.Client{Timeout: 2 * time.Second}).Get("http://127.0.0.1:" + port() + path)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", answer.Status)
	}
	return nil
}

func put(path, text string, mode int) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|mode, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(text + "\n"); err != nil {
		return err
	}
	return file.Close()
}

func hold(check string) error {
	kind, rest, _ := strings.Cut(check, ":")
	name, wanted, _ := strings.Cut(rest, "=")
	switch kind {
	case "env":
		if found := os.Getenv(name); found != wanted {
			return fmt.Errorf("it is %q", found)
		}
		return nil
	case "file":
		text, err := os.ReadFile(name)
		if err == nil && strings.TrimSpace(string(text)) != wanted {
			return fmt.Errorf("it holds %q", text)
		}
		return err
	case "token":
		return holdToken(name, wanted)
	}
	return fmt.Errorf("no such check")
}

func holdToken(path, audience string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	parts := strings.Split(strings.TrimSpace(string(text)), ".")
	if len(parts) != 3 {
		return fmt.Errorf("not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	var claims struct {
		Aud []string `json:"aud"`
		Exp int64    `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return err
	}
	if audience != "" && !slices.Contains(claims.Aud, audience) {
		return fmt.Errorf("it is for %v", claims.Aud)
	}
	if time.Now().Unix() >= claims.Exp {
		return fmt.Errorf("it expired at %d", claims.Exp)
	}
	return nil
}
