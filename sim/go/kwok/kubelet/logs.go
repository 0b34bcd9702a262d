package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	criapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	crilogs "k8s.io/cri-client/pkg/logs"
)

func (p *pods) logs(answer http.ResponseWriter, request *http.Request) {
	found, err := p.find(request.PathValue("namespace"), request.PathValue("pod"))
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	query := request.URL.Query()
	if query.Get("previous") == "true" {
		http.Error(answer, "the log of an earlier container is not kept apart", http.StatusBadRequest)
		return
	}
	options, err := logOptions(query)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	to := &flushing{to: answer, control: http.NewResponseController(answer)}
	err = crilogs.ReadLogs(request.Context(), found.Log, "", options, running{}, to, to)
	if err != nil && !to.sent {
		http.Error(answer, err.Error(), http.StatusBadRequest)
	}
}

// logOptions reads the query of an API server, which has checked it: of sinceSeconds and sinceTime there is only one.
func logOptions(query url.Values) (*crilogs.LogOptions, error) {
	options := &crilogs.LogOptions{Follow: query.Get("follow") == "true", Timestamp: query.Get("timestamps") == "true"}
	var seconds *int64
	for key, number := range map[string]**int64{
		"tailLines": &options.TailLines, "limitBytes": &options.LimitBytes, "sinceSeconds": &seconds,
	} {
		if text := query.Get(key); text != "" {
			value, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, err
			}
			*number = &value
		}
	}
	if seconds != nil {
		options.Since = time.Now().Add(-time.Duration(*seconds) * time.Second)
	}
	if text := query.Get("sinceTime"); text != "" {
		since, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, err
		}
		options.Since = since
	}
	return options, nil
}

// running is a container runtime that cannot be asked: whoever follows a log goes on until the client leaves.
type running struct{ criapi.RuntimeService }

func (running) ContainerStatus(context.Context, string, bool) (*runtimeapi.ContainerStatusResponse, error) {
	return nil, status.Error(codes.Unavailable, "simulated")
}

// flushing sends each line at once, and knows whether one was sent.
type flushing struct {
	to      http.ResponseWriter
	control *http.ResponseController
	sent    bool
}

func (f *flushing) Write(line []byte) (int, error) {
	f.sent = true
	count, err := f.to.Write(line)
	if err != nil {
		return count, err
	}
	return count, f.control.Flush()
}
