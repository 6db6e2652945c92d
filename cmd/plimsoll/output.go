package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// OutputOptions say how and where the answer is written.
type OutputOptions struct {
	Formats []string
	Output  string
	Color   string
	Verbose bool

	names []string // of the formats that there are
}

// AddFlags declares the flags of the output; names are the formats that there are, the default first.
func (o *OutputOptions) AddFlags(f *pflag.FlagSet, names []string) {
	o.names = names
	f.StringSliceVarP(&o.Formats, "format", "f", nil,
		"`format`, or format=file; repeatable: "+strings.Join(names, ", ")+" (default "+names[0]+")")
	f.StringVarP(&o.Output, "output", "o", "", "`file` for the formats that name none (default: standard output)")
	f.StringVar(&o.Color, "color", "auto", "colours in the table: auto, always or never")
	f.BoolVarP(&o.Verbose, "verbose", "v", false, "show everything in the table")
}

// reportFormats are the names of the formats of a scan's report.
func reportFormats() []string {
	var names []string
	for _, format := range report.Formats() {
		names = append(names, format.Name)
	}
	return names
}

// A target is one format and the file it goes to; "" is standard output.
type target struct{ format, file string }

// targets checks the formats before any work is done.
func (o *OutputOptions) targets() ([]target, error) {
	formats := o.Formats
	if len(formats) == 0 {
		formats = []string{o.names[0]}
	}
	var out []target
	stdout := 0
	for _, arg := range formats {
		name, file, _ := strings.Cut(arg, "=")
		if !slices.Contains(o.names, name) {
			return nil, fmt.Errorf("unknown format %q: use one of %s", name, strings.Join(o.names, ", "))
		}
		if file == "" {
			file = o.Output
			stdout++
		}
		out = append(out, target{name, file})
	}
	if stdout > 1 {
		return nil, errors.New("several formats would go to the same place: write -f format=file for all but one")
	}
	if o.Color != "auto" && o.Color != "always" && o.Color != "never" {
		return nil, fmt.Errorf("--color is %q: use auto, always or never", o.Color)
	}
	return out, nil
}

// wantsTable says whether people read the answer.
func (o *OutputOptions) wantsTable() bool {
	return len(o.Formats) == 0 || slices.ContainsFunc(o.Formats, func(f string) bool { name, _, _ := strings.Cut(f, "="); return name == "table" })
}

// writeReport writes the report of a scan.
func (o *OutputOptions) writeReport(doc *report.Document, targets []target, s streams) error {
	return o.write(targets, s, func(w io.Writer, name string, opts report.Options) error {
		format, _ := report.Find(name) // targets has checked the name
		return format.Write(w, doc, opts)
	})
}

// writeAnswer writes an answer in every format that was asked for.
func (o *OutputOptions) writeAnswer(doc *answer.Document, targets []target, s streams) error {
	return o.write(targets, s, func(w io.Writer, name string, opts report.Options) error {
		format, _ := answer.Find(name) // targets has checked the name
		return format.Write(w, doc, opts)
	})
}

// incomplete is the exit code of an answer that gaps may make wrong.
func incomplete(gaps []inventory.Gap) error {
	if len(gaps) > 0 {
		return exitCode(exitIncomplete)
	}
	return nil
}

// write calls one for each target.
func (o *OutputOptions) write(targets []target, s streams, one func(io.Writer, string, report.Options) error) error {
	for _, t := range targets {
		if err := o.writeOne(t, s, one); err != nil {
			return fmt.Errorf("write %s: %w", t.format, err)
		}
	}
	return nil
}

func (o *OutputOptions) writeOne(t target, s streams, one func(io.Writer, string, report.Options) error) (err error) {
	out, opts := s.out, report.Options{Width: 80, Verbose: o.Verbose, Color: o.Color == "always"}
	if t.file != "" {
		f, err := os.Create(t.file)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	} else if width, tty := terminal(s.out); tty {
		opts.Width = width
		opts.Color = opts.Color || o.Color == "auto" && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns >= 40 && t.file == "" {
		opts.Width = columns
	}
	buffered := bufio.NewWriterSize(out, 1<<16)
	if err := one(buffered, t.format, opts); err != nil {
		return err
	}
	return buffered.Flush()
}

// terminal says how wide the terminal is that w writes to, if it does.
func terminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 40 {
		width = 80
	}
	return width, true
}

// relaxCollector trades memory that a short run does not miss for time: the heap may grow further between two
// collections, until a soft limit brings the collector back. GOGC and GOMEMLIMIT, when set, are left alone.
func relaxCollector() { setCollector(300, 425<<20) }

// frugalCollector does the same for commands that need less: tighter while an inventory is read, since reading leaves
// garbage behind; the function that it returns gives room for the analysis of what was read.
func frugalCollector(percent int) (read func()) {
	const least = 170 << 20
	setCollector(percent, least)
	return func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		setCollector(percent, max(least, 2*int64(m.HeapAlloc))) // #nosec G115 -- no heap is that large
	}
}

func setCollector(percent int, limit int64) {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}
