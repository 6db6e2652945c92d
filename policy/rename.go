package policy

import (
	"errors"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
)

// A syntax is an expression that has been parsed but not checked, and what it looks at.
type syntax struct {
	ast *cel.Ast
	// variables are the variables of the policy that it uses, each as often as it does.
	variables []string
	reads     reads
}

// reads is what expressions look at, as far as it decides whether verdicts of similar objects can be shared.
type reads struct {
	// whole says that the object's name may be seen: the whole object, or something that is not understood, is read.
	whole bool
	// namespace says that the Namespace object is read.
	namespace bool
	// top are the top-level fields of the object that are read, and metadata those of its metadata.
	top      map[string]bool
	metadata map[string]bool
	// fields are the names of all fields that are read anywhere.
	fields map[string]bool
}

func (r *reads) add(other reads) {
	r.whole = r.whole || other.whole
	r.namespace = r.namespace || other.namespace
	for name := range other.top {
		r.top[name] = true
	}
	for name := range other.metadata {
		r.metadata[name] = true
	}
	for name := range other.fields {
		r.fields[name] = true
	}
}

func newReads() reads {
	return reads{top: map[string]bool{}, metadata: map[string]bool{}, fields: map[string]bool{}}
}

var errNotUnderstood = errors.New("uses its variables in a way that cannot be renamed")

// parse reads an expression and gives its variables new names. A nil rename keeps them.
func parse(env *cel.Env, text string, rename func(string) string) (*syntax, error) {
	parsed, issues := env.Parse(text)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	s := &syntax{ast: parsed, reads: newReads()}
	w := &walker{syntax: s, rename: rename, accounted: map[int64]bool{}, renamed: map[int64]bool{}, factory: ast.NewExprFactory()}
	root := parsed.NativeRep().Expr()
	ast.PreOrderVisit(root, ast.NewExprVisitor(w.visit))
	return s, w.err
}

// A walker visits parents before children, so that a parent can account for the names in it.
type walker struct {
	*syntax
	rename    func(string) string
	factory   ast.ExprFactory
	accounted map[int64]bool // expressions whose use is understood from their parent
	renamed   map[int64]bool // macros may use one node twice
	err       error
}

func (w *walker) visit(e ast.Expr) {
	switch e.Kind() {
	case ast.SelectKind:
		w.access(e, e.AsSelect().Operand(), e.AsSelect().FieldName(), func(name string) {
			if e.AsSelect().IsTestOnly() {
				e.SetKindCase(w.factory.NewPresenceTest(e.ID(), e.AsSelect().Operand(), name))
				return
			}
			e.SetKindCase(w.factory.NewSelect(e.ID(), e.AsSelect().Operand(), name))
		})
	case ast.CallKind:
		call := e.AsCall()
		switch call.FunctionName() {
		case operators.OptSelect, operators.Index, operators.OptIndex:
		default:
			return
		}
		if field := call.Args()[1]; field.Kind() == ast.LiteralKind {
			if name, ok := field.AsLiteral().(types.String); ok {
				w.access(e, call.Args()[0], string(name), func(string) { w.err = errNotUnderstood })
			}
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		if slices.Contains([]string{c.IterVar(), c.IterVar2(), c.AccuVar()}, plugincel.VariableVarName) ||
			slices.Contains([]string{c.IterVar(), c.IterVar2(), c.AccuVar()}, plugincel.ObjectVarName) {
			w.err = errNotUnderstood
		}
	case ast.LiteralKind:
		if text, ok := e.AsLiteral().(types.String); ok {
			w.reads.fields[string(text)] = true
		}
	case ast.IdentKind:
		w.ident(e)
	}
}

// access accounts for one field of operand being read.
func (w *walker) access(e, operand ast.Expr, field string, setName func(string)) {
	w.reads.fields[field] = true
	operand = undyn(operand)
	switch {
	case isIdent(operand, plugincel.VariableVarName):
		w.accounted[operand.ID()] = true
		if w.renamed[e.ID()] {
			return
		}
		w.renamed[e.ID()] = true
		w.variables = append(w.variables, field)
		if w.rename != nil {
			setName(w.rename(field))
		}
	case isIdent(operand, plugincel.ObjectVarName):
		w.accounted[operand.ID()] = true
		w.reads.top[field] = true
		if field == "metadata" && !w.accounted[e.ID()] {
			w.reads.whole = true // all of the metadata
		}
	case isMetadata(operand):
		w.accounted[operand.ID()] = true
		w.reads.metadata[field] = true
	case isIdent(operand, plugincel.RequestVarName):
		w.accounted[operand.ID()] = true
		if field == "name" || field == "uid" || field == "options" {
			w.reads.whole = true
		}
	}
}

func (w *walker) ident(e ast.Expr) {
	if w.accounted[e.ID()] {
		return
	}
	switch e.AsIdent() {
	case plugincel.VariableVarName:
		w.err = errNotUnderstood
	case plugincel.ObjectVarName, plugincel.RequestVarName:
		w.reads.whole = true
	case plugincel.NamespaceVarName:
		w.reads.namespace = true
	}
}

func isIdent(e ast.Expr, name string) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == name }

// undyn takes away calls of dyn, which change nothing but the static type.
func undyn(e ast.Expr) ast.Expr {
	for e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "dyn" && len(e.AsCall().Args()) == 1 {
		e = e.AsCall().Args()[0]
	}
	return e
}

// isMetadata recognises object.metadata and object.?metadata.
func isMetadata(e ast.Expr) bool {
	switch e.Kind() {
	case ast.SelectKind:
		return e.AsSelect().FieldName() == "metadata" && isIdent(undyn(e.AsSelect().Operand()), plugincel.ObjectVarName)
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() != operators.OptSelect || !isIdent(undyn(call.Args()[0]), plugincel.ObjectVarName) {
			return false
		}
		field, ok := call.Args()[1].AsLiteral().(types.String)
		return ok && field == "metadata"
	}
	return false
}

// folded is a text without the differences that YAML folding and indentation make.
func folded(text string) string { return strings.Join(strings.Fields(text), " ") }
