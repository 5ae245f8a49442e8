package mapping

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.starlark.net/syntax"
)

// names are what a script takes from its surroundings, as far as its text tells. A script that reaches a field by a
// computed name must list it (with.NAME.fields); one that cannot be parsed takes nothing, and Check says why it cannot.
type names struct {
	free  []string // dotted as far as written: dealname, company.domain, source.amount, target.state
	items []string // fields of what the script loops over: price in [l.price for l in lines]
}

// namesOf reads a script. A hook is the body of a function, so return may stand in it.
func namesOf(script string, kind ScriptKind) names {
	if strings.TrimSpace(script) == "" {
		return names{}
	}
	script = renameWith(script)
	if kind.Block() {
		script = "def hook():\n  " + strings.ReplaceAll(script, "\n", "\n  ")
	} else {
		script = "(" + script + "\n)"
	}
	file, err := (&syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true, Recursion: true}).Parse("", script, 0)
	if err != nil {
		return names{}
	}
	w := &nameWalk{bound: map[string]bool{"hook": true}, free: map[string]bool{}, items: map[string]bool{}}
	syntax.Walk(file, w.bind)
	syntax.Walk(file, w.visit)
	return names{free: slices.Sorted(maps.Keys(w.free)), items: slices.Sorted(maps.Keys(w.items))}
}

var withWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bwith\s*\.`) })

// renameWith writes with_ for with, which Starlark reserves. A text in quotes that holds "with." is changed too, which
// changes no name.
func renameWith(script string) string { return withWord().ReplaceAllString(script, withName+".") }

type nameWalk struct {
	bound       map[string]bool // assigned somewhere in the script
	free, items map[string]bool
}

// bind notes every name that the script itself gives a value.
func (w *nameWalk) bind(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.AssignStmt:
		w.target(n.LHS)
	case *syntax.ForStmt:
		w.target(n.Vars)
	case *syntax.ForClause:
		w.target(n.Vars)
	case *syntax.DefStmt:
		w.bound[n.Name.Name] = true
		w.params(n.Params)
	case *syntax.LambdaExpr:
		w.params(n.Params)
	}
	return true
}

func (w *nameWalk) params(params []syntax.Expr) {
	for _, p := range params {
		if b, ok := p.(*syntax.BinaryExpr); ok {
			p = b.X
		}
		if u, ok := p.(*syntax.UnaryExpr); ok {
			p = u.X
		}
		w.target(p)
	}
}

func (w *nameWalk) target(e syntax.Expr) {
	switch e := e.(type) {
	case *syntax.Ident:
		w.bound[e.Name] = true
	case *syntax.ParenExpr:
		w.target(e.X)
	case *syntax.TupleExpr:
		for _, x := range e.List {
			w.target(x)
		}
	case *syntax.ListExpr:
		for _, x := range e.List {
			w.target(x)
		}
	}
}

// visit notes the names used. A name that is only called is a function, not a field.
func (w *nameWalk) visit(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.CallExpr:
		w.call(n)
		return false
	case *syntax.DotExpr, *syntax.IndexExpr, *syntax.Ident:
		return w.use(n.(syntax.Expr))
	}
	return true
}

func (w *nameWalk) call(n *syntax.CallExpr) {
	switch fn := n.Fn.(type) {
	case *syntax.Ident:
	case *syntax.DotExpr: // a method: source.get("amount"), dealname.lower()
		parts, ok := chain(fn.X)
		if key, text := firstText(n); ok && fn.Name.Name == "get" && text {
			w.note(append(parts, key))
			break
		}
		syntax.Walk(fn.X, w.visit)
	default:
		syntax.Walk(fn, w.visit)
	}
	for _, arg := range n.Args {
		if named, ok := arg.(*syntax.BinaryExpr); ok && named.Op == syntax.EQ {
			arg = named.Y
		}
		syntax.Walk(arg, w.visit)
	}
}

func firstText(n *syntax.CallExpr) (string, bool) {
	if len(n.Args) == 0 {
		return "", false
	}
	lit, ok := n.Args[0].(*syntax.Literal)
	if !ok {
		return "", false
	}
	text, ok := lit.Value.(string)
	return text, ok
}

// use notes a chain such as company.domain or source["amount"]; it tells whether the walk must go on into the parts.
func (w *nameWalk) use(e syntax.Expr) bool {
	parts, ok := chain(e)
	if ok {
		w.note(parts)
	}
	return !ok
}

func (w *nameWalk) note(parts []string) {
	switch {
	case parts[0] == "True", parts[0] == "False", parts[0] == "None":
	case !w.bound[parts[0]]:
		w.free[strings.Join(parts, ".")] = true
	case len(parts) > 1:
		w.items[parts[1]] = true
	}
}

// chain reads a name followed by attributes or by texts in brackets.
func chain(e syntax.Expr) ([]string, bool) {
	switch e := e.(type) {
	case *syntax.Ident:
		return []string{e.Name}, true
	case *syntax.ParenExpr:
		return chain(e.X)
	case *syntax.DotExpr:
		parts, ok := chain(e.X)
		return append(parts, e.Name.Name), ok
	case *syntax.IndexExpr:
		lit, isLiteral := e.Y.(*syntax.Literal)
		if !isLiteral {
			return nil, false
		}
		key, isText := lit.Value.(string)
		parts, ok := chain(e.X)
		return append(parts, key), ok && isText
	}
	return nil, false
}
