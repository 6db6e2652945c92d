package report

import (
	"io"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/scan"
)

// WriteJSON writes the document as JSON, one finding and one object a line. It holds everything that the other
// formats show, so that Read and any Writer give what the Writer alone would have given. Its only time is the one at
// which the inventory was taken: the same inventory gives the same bytes.
func WriteJSON(w io.Writer, d *Document, _ Options) error {
	j := &jsonWriter{w: w}
	j.document(d)
	j.raw("\n")
	return j.close()
}

// document writes the whole document; see wireReport for its members.
func (j *jsonWriter) document(d *Document) {
	j.raw("{\n")
	for i, s := range sections(d) {
		if i > 0 {
			j.raw(",\n")
		}
		j.name(true, s.name)
		s.write(j)
		j.flush()
	}
	j.raw("\n}")
}

// A section is one member of the document.
type section struct {
	name  string
	write func(*jsonWriter)
	// items, when set, writes the i-th of so many list items; write then writes them all.
	items int
	item  func(j *jsonWriter, i int)
}

func sections(d *Document) []section {
	r := d.Report
	value := func(name string, v any) section {
		return section{name: name, write: func(j *jsonWriter) { j.value(v) }}
	}
	out := []section{
		value("apiVersion", APIVersion),
		value("kind", Kind),
		value("tool", r.Tool),
		value("scope", scan.Scope{Namespaces: full(r.Scope.Namespaces), Excluded: full(r.Scope.Excluded)}),
		value("inventory", wireInventoryOf(&r.Inventory)),
		value("summary", countsOf(r.Summary)),
	}
	if b := r.Baseline; b != nil {
		ids := b.NewIDs
		if ids == nil {
			ids = map[string]int{}
		}
		out = append(out, value("baseline", wireComparison{b.New, b.Fixed, b.Unchanged, ids}))
	}
	return append(out,
		sequence("results", r.Results, (*jsonWriter).result),
		sequence("exceptions", r.Exceptions, func(j *jsonWriter, x *scan.ExceptionUse) { j.value(wireExceptionOf(x)) }),
		sequence("frameworks", d.Assessments, (*jsonWriter).assessment),
		sequence("levels", d.Levels, func(j *jsonWriter, c *framework.Capability) { j.value(wireLevelOf(c)) }),
	)
}

func sequence[T any](name string, items []T, write func(*jsonWriter, *T)) section {
	return section{
		name:  name,
		write: func(j *jsonWriter) { list(j, items, "", func(item *T) { write(j, item) }) },
		items: len(items),
		item:  func(j *jsonWriter, i int) { write(j, &items[i]) },
	}
}

func (j *jsonWriter) result(r *scan.Result) {
	j.value(wireControlOf(&r.Control))
	j.buf = j.buf[:len(j.buf)-1] // reopen the object that the control's text closed
	j.field(false, "status", string(r.Status))
	j.field(false, "skipped", r.Skipped)
	j.name(false, "findings")
	list(j, r.Findings, " ", func(f *finding.Finding) { j.finding(f, "") })
	j.name(false, "excepted")
	list(j, r.Excepted, " ", func(e *scan.Excepted) { j.finding(&e.Finding, e.Exception) })
	j.name(false, "errors")
	list(j, r.Errors, " ", j.objectError)
	j.name(false, "passed")
	list(j, r.Passed, " ", j.ref)
	j.raw("}")
}

// finding writes a finding; exception is the name of the exception that accepts it, "" for none.
func (j *jsonWriter) finding(f *finding.Finding, exception string) {
	j.raw("{")
	j.field(true, "id", f.ID())
	j.field(false, "severity", f.Severity.String())
	j.name(false, "object")
	j.ref(&f.Object)
	j.field(false, "path", string(f.Path))
	j.position(f.Position)
	j.field(false, "message", f.Message)
	j.name(false, "because")
	j.reasons(f.Because)
	j.name(false, "fix")
	if f.Fix == nil {
		j.raw("null")
	} else {
		j.value(f.Fix)
	}
	if exception != "" {
		j.field(false, "exception", exception)
	} else if j.fresh != nil && j.fresh(f) {
		j.raw(`,"new":true`)
	}
	j.raw("}")
}

func (j *jsonWriter) ref(r *finding.Ref) {
	if j.refs != nil {
		j.integer(j.refs.of(*r))
		return
	}
	j.raw("{")
	j.field(true, "apiVersion", r.APIVersion)
	j.field(false, "kind", r.Kind)
	j.field(false, "namespace", r.Namespace)
	j.field(false, "name", r.Name)
	j.raw("}")
}

// position writes the member, or nothing when no position is known.
func (j *jsonWriter) position(p finding.Position) {
	if p == (finding.Position{}) {
		return
	}
	j.name(false, "position")
	j.raw("{")
	j.field(true, "file", p.File)
	j.name(false, "line")
	j.integer(p.Line)
	j.name(false, "column")
	j.integer(p.Column)
	j.name(false, "rendered")
	if p.Rendered {
		j.raw("true}")
	} else {
		j.raw("false}")
	}
}

func (j *jsonWriter) reasons(reasons []finding.Reason) {
	j.raw("[")
	for i := range reasons {
		r := &reasons[i]
		if i > 0 {
			j.raw(",")
		}
		j.raw("{")
		j.field(true, "effect", r.Effect)
		j.field(false, "fact", r.Fact)
		j.field(false, "message", r.Message)
		if r.Object != nil {
			j.name(false, "object")
			j.ref(r.Object)
		}
		j.raw("}")
	}
	j.raw("]")
}

func (j *jsonWriter) objectError(e *control.ObjectError) {
	j.raw("{")
	j.name(true, "object")
	j.ref(&e.Object)
	j.position(e.Position)
	j.field(false, "message", e.Message)
	j.raw("}")
}

func (j *jsonWriter) assessment(a *framework.Assessment) {
	w := wireFrameworkOf(a)
	requirements := w.Requirements
	w.Requirements = nil
	j.value(w)
	j.buf = j.buf[:len(j.buf)-len("null}")] // the requirements come last, one a line
	list(j, requirements, " ", func(r *wireRequirement) { j.value(r) })
	j.raw("}")
}
