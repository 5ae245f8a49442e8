package script

import (
	"fmt"
	"slices"
	"strconv"

	"go.starlark.net/syntax"
)

// A rewriter changes a syntax tree so that the language is safe to count with and safe to run:
//
//   - 1.5 is the exact decimal 1.5, and / divides decimals: there is no floating point.
//   - Comparisons take whole numbers and decimals together, and refuse to compare a text with a number or with true and
//     false, which would quietly be false: vendors send numbers as text.
//   - +, *, %, << and / go through functions that bound what they make, so that a script which would fill the memory
//     fails by rule, always at the same place, and not only when its process is killed.
//   - A name that is both a field and a function is the function where it is called.
//   - load and while are refused.
//
// Each operator becomes a call of a function whose name no script can write, such as "fn.add".
type rewriter struct {
	params []string
	raw    bool
	err    *Error
	unary  int
}

// operators says which operators become calls.
var operators = map[syntax.Token]string{
	syntax.PLUS: "fn.add", syntax.STAR: "fn.mul", syntax.SLASH: "fn.div", syntax.PERCENT: "fn.mod", syntax.LTLT: "fn.shl",
	syntax.EQL: "fn.eq", syntax.NEQ: "fn.ne", syntax.LT: "fn.lt", syntax.LE: "fn.le", syntax.GT: "fn.gt", syntax.GE: "fn.ge",
	syntax.IN: "fn.in", syntax.NOT_IN: "fn.not_in",
}

// assigning says which assignments are the operator and then an assignment.
var assigning = map[syntax.Token]syntax.Token{
	syntax.PLUS_EQ: syntax.PLUS, syntax.STAR_EQ: syntax.STAR, syntax.SLASH_EQ: syntax.SLASH, syntax.PERCENT_EQ: syntax.PERCENT, syntax.LTLT_EQ: syntax.LTLT,
}

func (r *rewriter) refuse(at syntax.Position, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{Kind: Syntax, Message: fmt.Sprintf(format, args...), Line: int(at.Line)}
	}
}

func (r *rewriter) stmts(list []syntax.Stmt) []syntax.Stmt {
	for _, s := range list {
		r.stmt(s)
	}
	return list
}

func (r *rewriter) stmt(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.AssignStmt:
		r.assign(s)
	case *syntax.DefStmt:
		r.list(s.Params)
		r.stmts(s.Body)
	case *syntax.ExprStmt:
		s.X = r.expr(s.X)
	case *syntax.IfStmt:
		s.Cond = r.expr(s.Cond)
		r.stmts(s.True)
		r.stmts(s.False)
	case *syntax.ForStmt:
		s.X = r.expr(s.X)
		r.stmts(s.Body)
	case *syntax.ReturnStmt:
		if s.Result != nil {
			s.Result = r.expr(s.Result)
		}
	case *syntax.LoadStmt:
		r.refuse(s.Load, "load is not available: a script has its arguments and nothing else")
	case *syntax.WhileStmt:
		r.refuse(s.While, "while is not available: use for over a list or range")
	}
}

// assign keeps the left side's brackets as they are written: x[i] = y stays an assignment into x.
func (r *rewriter) assign(s *syntax.AssignStmt) {
	if index, ok := s.LHS.(*syntax.IndexExpr); ok {
		index.X, index.Y = r.expr(index.X), r.expr(index.Y)
	}
	s.RHS = r.expr(s.RHS)
	op, ok := assigning[s.Op]
	if !ok || r.raw {
		return
	}
	left := s.LHS
	if id, ok := left.(*syntax.Ident); ok { // a second use of a name needs a node of its own
		left = &syntax.Ident{NamePos: id.NamePos, Name: id.Name}
	} else if index, ok := left.(*syntax.IndexExpr); ok {
		if !simple(index.X) || !simple(index.Y) {
			r.refuse(s.OpPos, "write x[i] = x[i] %s y with plain names or values for x and i", op)
			return
		}
		left = &syntax.IndexExpr{X: clone(index.X), Lbrack: index.Lbrack, Y: clone(index.Y), Rbrack: index.Rbrack}
	} else {
		r.refuse(s.OpPos, "%s needs a name on its left", s.Op)
		return
	}
	s.Op, s.RHS = syntax.EQ, call(operators[op], s.OpPos, left, s.RHS)
}

func simple(e syntax.Expr) bool { return clone(e) != nil }

// clone copies a name or a literal; nil for anything else.
func clone(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.Ident:
		return &syntax.Ident{NamePos: e.NamePos, Name: e.Name}
	case *syntax.Literal:
		return &syntax.Literal{Token: e.Token, TokenPos: e.TokenPos, Raw: e.Raw, Value: e.Value}
	}
	return nil
}

func (r *rewriter) list(list []syntax.Expr) {
	for i := range list {
		list[i] = r.argument(list[i])
	}
}

// argument is an expression or name=expression, which has the shape of an operator but is none.
func (r *rewriter) argument(e syntax.Expr) syntax.Expr {
	if named, ok := e.(*syntax.BinaryExpr); ok && named.Op == syntax.EQ {
		named.Y = r.expr(named.Y)
		return named
	}
	return r.expr(e)
}

func (r *rewriter) expr(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.Literal:
		return r.literal(e)
	case *syntax.BinaryExpr:
		return r.binary(e)
	case *syntax.UnaryExpr:
		return r.prefix(e)
	case *syntax.ParenExpr:
		e.X = r.expr(e.X)
	case *syntax.CallExpr:
		r.call(e)
	case *syntax.CondExpr:
		e.Cond, e.True, e.False = r.expr(e.Cond), r.expr(e.True), r.expr(e.False)
	case *syntax.DotExpr:
		e.X = r.expr(e.X)
	case *syntax.IndexExpr:
		e.X, e.Y = r.expr(e.X), r.expr(e.Y)
	case *syntax.SliceExpr:
		r.slice(e)
	case *syntax.ListExpr:
		r.list(e.List)
	case *syntax.TupleExpr:
		r.list(e.List)
	case *syntax.DictExpr:
		for _, entry := range e.List {
			r.entry(entry)
		}
	case *syntax.DictEntry:
		r.entry(e)
	case *syntax.LambdaExpr:
		r.list(e.Params)
		e.Body = r.expr(e.Body)
	case *syntax.Comprehension:
		r.comprehension(e)
	}
	return e
}

func (r *rewriter) entry(e syntax.Expr) {
	if entry, ok := e.(*syntax.DictEntry); ok {
		entry.Key, entry.Value = r.expr(entry.Key), r.expr(entry.Value)
	}
}

func (r *rewriter) slice(e *syntax.SliceExpr) {
	e.X = r.expr(e.X)
	for _, part := range []*syntax.Expr{&e.Lo, &e.Hi, &e.Step} {
		if *part != nil {
			*part = r.expr(*part)
		}
	}
}

func (r *rewriter) comprehension(e *syntax.Comprehension) {
	e.Body = r.expr(e.Body)
	for _, clause := range e.Clauses {
		switch clause := clause.(type) {
		case *syntax.ForClause:
			clause.X = r.expr(clause.X)
		case *syntax.IfClause:
			clause.Cond = r.expr(clause.Cond)
		}
	}
}

func (r *rewriter) prefix(e *syntax.UnaryExpr) syntax.Expr {
	if r.unary++; r.unary > maxUnary {
		r.refuse(e.OpPos, "more than %d operators stand in a row", maxUnary)
		return e
	}
	if e.X != nil {
		e.X = r.expr(e.X)
	}
	r.unary--
	return e
}

func (r *rewriter) literal(e *syntax.Literal) syntax.Expr {
	if e.Token != syntax.FLOAT || r.raw {
		return e
	}
	text := &syntax.Literal{Token: syntax.STRING, TokenPos: e.TokenPos, Raw: strconv.Quote(e.Raw), Value: e.Raw}
	return call("fn.decimal", e.TokenPos, text)
}

func (r *rewriter) binary(e *syntax.BinaryExpr) syntax.Expr {
	e.X, e.Y = r.expr(e.X), r.expr(e.Y)
	name, ok := operators[e.Op]
	if !ok || r.raw {
		return e
	}
	return call(name, e.OpPos, e.X, e.Y)
}

// call makes name(args...) whose position is that of the operator, so that errors name the right line.
func call(name string, at syntax.Position, args ...syntax.Expr) syntax.Expr {
	return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: at, Name: name}, Lparen: at, Args: args, Rparen: at}
}

func (r *rewriter) call(e *syntax.CallExpr) {
	if id, ok := e.Fn.(*syntax.Ident); ok && slices.Contains(r.params, id.Name) && builtins.Has("fn."+id.Name) {
		id.Name = "fn." + id.Name
	} else {
		e.Fn = r.expr(e.Fn)
	}
	r.list(e.Args)
}
