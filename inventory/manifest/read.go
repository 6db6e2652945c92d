package manifest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/internal/secretscan"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// maxFile is the size above which a file is not read at all.
const maxFile = 256 << 20

// Files above this size, or with so many separators, are read one after the other, so that memory is bounded.
const (
	largeFile       = 4 << 20
	largeSeparators = 150_000
)

// Read reads everything that paths name: files, folders, charts, kustomizations, or "-" for standard input. What
// cannot be read becomes a gap. An error is a mistake of the caller (a path that does not exist, values that cannot
// be read), or the end of ctx.
func Read(ctx context.Context, paths []string, opts Options) (*inventory.Inventory, error) {
	taken := time.Now()
	if opts.Redact == nil {
		opts.Redact = secretscan.New().Redact
	}
	settings, err := newRenderSettings(opts)
	if err != nil {
		return nil, err
	}
	w := &walk{}
	for _, path := range paths {
		if err := w.add(path); err != nil {
			return nil, err
		}
	}
	w.chooseKustomizations()
	r := &reader{opts: opts, settings: settings}
	results, err := r.read(ctx, w)
	if err != nil {
		return nil, err
	}
	var objects []*inventory.Object
	gaps := []inventory.Gap{}
	scopes := map[schema.GroupKind]bool{}
	for _, f := range results {
		objects = append(objects, f.objects...)
		gaps = append(gaps, f.gaps...)
		maps.Copy(scopes, f.scopes)
	}
	assumeNamespaces(objects, scopes, opts.namespace())
	source := inventory.Source{Kind: "files", Names: paths}
	return inventory.New(source, taken, settings.version(), objects, gaps), nil
}

// A reader reads the inputs that a walk found.
type reader struct {
	opts     Options
	settings renderSettings
	large    sync.Mutex // held while a large file is read
}

// read renders first, since that tells which files are inputs, and then reads the plain files that are left. The
// results are in the order of the walk, whatever finishes first.
func (r *reader) read(ctx context.Context, w *walk) ([]*file, error) {
	results := make([]*file, len(w.inputs))
	workers := runtime.GOMAXPROCS(0)
	used, failed := newPathSet(), newPathSet()
	rendered := func(in input) bool { return in.kind != plainFile && in.kind != notRendered }
	err := r.each(ctx, w, min(workers, w.renderers(rendered)), rendered, func(ctx context.Context, i int, p *renderer) error {
		f, read, err := r.render(ctx, p, w.inputs[i])
		results[i] = f
		if len(read) == 0 {
			failed.add(w.inputs[i].abs)
		}
		used.add(read...)
		return err
	})
	if err != nil {
		return nil, err
	}
	used.add(w.kustomizationInputs(slices.Sorted(maps.Keys(failed.paths)))...)
	err = r.each(ctx, w, workers, func(in input) bool { return in.kind == plainFile }, func(_ context.Context, i int, _ *renderer) error {
		in := w.inputs[i]
		if in.explicit || !used.has(in.abs) {
			results[i] = r.readFile(in)
		}
		return nil
	})
	return compact(append([]*file{w.problems(r.opts)}, results...)), err
}

// renderers is how many child processes are worth their start.
func (w *walk) renderers(rendered func(input) bool) int {
	count := 0
	for _, in := range w.inputs {
		if rendered(in) && in.problem == "" {
			count++
		}
	}
	return min(1+count/8, maxRenderers)
}

// each runs use for the inputs that are wanted, on some workers. Each worker has a renderer of its own.
func (r *reader) each(
	ctx context.Context, w *walk, workers int, want func(input) bool, use func(context.Context, int, *renderer) error,
) error {
	group, working := errgroup.WithContext(ctx)
	queue := make(chan int)
	group.Go(func() error {
		defer close(queue)
		for i, in := range w.inputs {
			if !want(in) {
				continue
			}
			select {
			case queue <- i:
			case <-working.Done():
				return working.Err()
			}
		}
		return ctx.Err() // where both cases of the select were ready, it may have taken the other one
	})
	for range workers {
		group.Go(func() error {
			p := &renderer{limits: r.opts.Limits}
			defer p.stop() //nolint:errcheck // the answers were read
			for i := range queue {
				if err := use(working, i, p); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// readFile reads a plain file.
func (r *reader) readFile(in input) *file {
	f := newFile(in.name, r.opts)
	data, err := r.load(in)
	if err != nil {
		f.gap(inventory.Gap{Reason: reason(err)})
		return f
	}
	if len(data) > largeFile || len(data) > largeSeparators && separators(data) > largeSeparators {
		r.large.Lock()
		defer r.large.Unlock()
	}
	f.read(data)
	return f
}

func (r *reader) load(in input) ([]byte, error) {
	if in.name == stdinName {
		from := r.opts.Stdin
		if from == nil {
			from = os.Stdin
		}
		return readLimited(from)
	}
	info, err := os.Stat(in.abs)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("this is no regular file")
	}
	if info.Size() > maxFile {
		return nil, errTooLarge
	}
	file, err := os.Open(in.abs)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	data := make([]byte, info.Size())
	n, err := io.ReadFull(file, data)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return data[:n], nil
}

var errTooLarge = fmt.Errorf("the file has more than %d bytes; split it", maxFile)

func readLimited(from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = errTooLarge
	}
	return data, err
}

// reason says in a line why something cannot be read, without the path, which the gap names already.
func reason(err error) string {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	text, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return text
}

func compact(files []*file) []*file {
	kept := files[:0]
	for _, f := range files {
		if f != nil {
			kept = append(kept, f)
		}
	}
	return kept
}

// A pathSet is a set of absolute paths, safe for concurrent use.
type pathSet struct {
	mu    sync.Mutex
	paths map[string]bool
}

func newPathSet() *pathSet { return &pathSet{paths: map[string]bool{}} }

func (s *pathSet) add(paths ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range paths {
		s.paths[filepath.Clean(p)] = true
	}
}

func (s *pathSet) has(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paths[path]
}
