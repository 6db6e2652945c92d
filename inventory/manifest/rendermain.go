package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// memoryMessage is what a child process says when it gives up.
const memoryMessage = "memory limit reached"

// RenderMain is the child process: it reads requests from stdin, renders, and writes answers to stdout until stdin
// ends. The program calls it for the hidden command "__render" and exits with what it returns. It reads only files
// of the tree that a request names, and reaches no network.
func RenderMain(stdin io.Reader, stdout io.Writer) int {
	// Helm and kustomize warn about deprecated fields; that is no news here, and may hold values.
	log.SetOutput(io.Discard)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	http.DefaultTransport = noNetwork{}
	debug.SetMaxStack(256 << 20)

	requests, answers := json.NewDecoder(stdin), json.NewEncoder(stdout)
	answers.SetEscapeHTML(false)
	for first := true; ; first = false {
		var request renderRequest
		if err := requests.Decode(&request); err != nil {
			if errors.Is(err, io.EOF) {
				return 0
			}
			return 2
		}
		if first {
			limitMemory(request.Memory)
		}
		answer, ok := renderWatched(request)
		if !ok {
			fmt.Fprintln(os.Stderr, memoryMessage)
			return 2
		}
		if err := answers.Encode(answer); err != nil {
			return 2
		}
	}
}

// renderWatched renders and watches the memory meanwhile; ok is false when it became too much. The rendering cannot
// be stopped from outside, so then the process has to end.
func renderWatched(request renderRequest) (answer renderAnswer, ok bool) {
	done := make(chan renderAnswer, 1)
	go func() { done <- renderOne(request) }()
	watch := time.NewTicker(20 * time.Millisecond)
	defer watch.Stop()
	for {
		select {
		case answer := <-done:
			return answer, true
		case <-watch.C:
			if request.Memory > 0 && memoryInUse() > uint64(request.Memory) {
				return renderAnswer{}, false
			}
		}
	}
}

func memoryInUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64() + sample[1].Value.Uint64()
}

// renderOne renders what a request asks for. A panic of a library is an answer too.
func renderOne(request renderRequest) (answer renderAnswer) {
	defer func() {
		if p := recover(); p != nil {
			answer = renderAnswer{Error: fmt.Sprintf("internal error: %v", p)}
		}
	}()
	tree, err := openTree(request.Tree)
	if err != nil {
		return renderAnswer{Error: err.Error()}
	}
	defer tree.close()
	switch request.Kind {
	case kustomizationFolder:
		answer, err = renderKustomization(tree, request)
	default:
		answer, err = renderChart(tree, request)
	}
	if err == nil {
		size := 0
		for _, f := range answer.Files {
			size += len(f.Text)
		}
		if size > request.Output {
			err = fmt.Errorf("its output has more than %d bytes", request.Output)
		}
	}
	if err != nil {
		answer.Files, answer.Error = nil, err.Error()
	}
	return answer
}

// noNetwork refuses every request.
type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("remote resources are not loaded")
}
