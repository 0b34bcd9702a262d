package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// A pod's file: where its log is, and what answers at each of its ports (a Unix socket's path, or HOST:PORT).
type pod struct {
	Log      string            `json:"log"`
	Forwards map[string]string `json:"forwards"`
}

type pods struct {
	folder, programs, workDir string
}

// Names as Kubernetes allows them: none leads out of the folder.
var name = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)

func (p *pods) find(namespace, podName string) (pod, error) {
	found := pod{}
	if !name.MatchString(namespace) || !name.MatchString(podName) {
		return found, fmt.Errorf("%q is no name of a pod", namespace+"/"+podName)
	}
	text, err := os.ReadFile(filepath.Join(p.folder, namespace, podName+".json"))
	if errors.Is(err, os.ErrNotExist) {
		return found, fmt.Errorf("pod %s/%s has no container that runs: it is simulated by its status alone", namespace, podName)
	}
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(text, &found)
}

func (p *pods) handler() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", p.logs)
	// POST by SPDY; GET by WebSocket, for an API server that speaks it to kubelets.
	for _, method := range []string{"GET", "POST"} {
		routes.HandleFunc(method+" /exec/{namespace}/{pod}/{container}", p.exec)
		routes.HandleFunc(method+" /portForward/{namespace}/{pod}", p.portForward)
	}
	return routes
}

func (p *pods) exec(answer http.ResponseWriter, request *http.Request) {
	options, err := remotecommand.NewOptions(request)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	where := request.PathValue("namespace") + "/" + request.PathValue("pod")
	remotecommand.ServeExec(answer, request, p, where, "", request.PathValue("container"), request.URL.Query()["command"],
		options, idle, creating, remotecommand.SupportedStreamingProtocols)
}

func (p *pods) portForward(answer http.ResponseWriter, request *http.Request) {
	options, err := portforward.NewV4Options(request)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	where := request.PathValue("namespace") + "/" + request.PathValue("pod")
	portforward.ServePortForward(answer, request, p, where, "", options, idle, creating, portforward.SupportedProtocols)
}

// PortForward copies between the stream and what answers at the pod's port. It is called by portforward.
func (p *pods) PortForward(ctx context.Context, where, _ string, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	namespace, podName, _ := strings.Cut(where, "/")
	found, err := p.find(namespace, podName)
	if err != nil {
		return err
	}
	target, has := found.Forwards[fmt.Sprint(port)]
	if !has {
		return fmt.Errorf("nothing listens on port %d of pod %s", port, where)
	}
	network := "tcp"
	if filepath.IsAbs(target) {
		network = "unix"
	}
	connection, err := (&net.Dialer{}).DialContext(ctx, network, target)
	if err != nil {
		return fmt.Errorf("port %d of pod %s: %w", port, where, err)
	}
	defer connection.Close()
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(connection, stream)
		if half, can := connection.(interface{ CloseWrite() error }); can {
			half.CloseWrite()
		}
		if err != nil {
			done <- err
		}
	}()
	go func() {
		_, err := io.Copy(stream, connection)
		done <- err
	}()
	select {
	case <-ctx.Done():
		return nil
	case err := <-done:
		return err
	}
}
