package script

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// The limits on a source, which is compiled in the process itself: far above any filter or hook a person writes.
const (
	MaxSource  = 16 << 10 // bytes
	maxNesting = 64       // brackets within brackets
	maxUnary   = 64       // prefix operators in a row
)

// Mode says what a source is.
type Mode string

const (
	Expr  Mode = "expr"  // one expression, whose value is the result
	Block Mode = "block" // statements; `return` gives the result, None without one
)

const fileName = "script"

// A Program is a compiled script. It is immutable and safe for concurrent use.
type Program struct {
	source source
	id     string
	names  []string
	lists  []string
	main   func() (*starlark.Function, error)
}

// source is what a child process needs to compile the same program.
type source struct {
	Text   string   `json:"text"`
	Mode   Mode     `json:"mode"`
	Params []string `json:"params"`
	Raw    bool     `json:"raw,omitempty"` // without the bounds of rewrite.go: only tests of the process bounds set it
}

// Compile reads a script and checks everything that can be checked without running it; it never runs any of it.
// params are the names a script may use: the fields of a record by name, and source, target, with_, fields, lists as
// the caller offers them. A param that is also the name of a function (a company has a field `domain`) is the field
// where it is used as a value and the function where it is called. `with`, a reserved word of Starlark, is read as
// with_. Errors are *Error of kind Syntax with the line and, for a name, the nearest one.
func Compile(text string, mode Mode, params []string) (Program, error) {
	return compile(source{Text: text, Mode: mode, Params: params})
}

func compile(src source) (Program, error) {
	if err := src.check(); err != nil {
		return Program{}, err
	}
	file, err := src.parse()
	if err != nil {
		return Program{}, compileError(err)
	}
	used, lists := usedNames(file, src.Params), namedLists(file)
	def, err := wrap(file, used, src)
	if err != nil {
		return Program{}, err
	}
	compiled, err := starlark.FileProgram(def, builtins.Has)
	if err != nil {
		return Program{}, undefinedName(compileError(err), src.Params)
	}
	return Program{source: src, id: src.id(), names: used, lists: lists, main: sync.OnceValues(func() (*starlark.Function, error) {
		globals, err := compiled.Init(&starlark.Thread{Name: "define"}, builtins)
		if err != nil {
			return nil, err
		}
		globals.Freeze()
		return globals[mainName].(*starlark.Function), nil
	})}, nil
}

// ID names the program by its content.
func (p Program) ID() string { return p.id }

// Names gives those params that the script uses, sorted: the fields that have to be read for it, and "lists" when it
// calls in_list. A field reached as source["x"] is not among them; source is.
func (p Program) Names() []string { return slices.Clone(p.names) }

// Lists gives the lists that the script asks in_list for by a text in quotes, sorted: those whose members a caller must know
// to run it.
func (p Program) Lists() []string { return slices.Clone(p.lists) }

// IsZero tells whether nothing was compiled.
func (p Program) IsZero() bool { return p.id == "" }

func (s source) id() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%t\x00%q\x00%s", s.Mode, s.Raw, s.Params, s.Text)
	return hex.EncodeToString(h.Sum(nil)[:12])
}

func (s source) check() error {
	fail := func(format string, args ...any) error {
		return &Error{Kind: Syntax, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case s.Mode != Expr && s.Mode != Block:
		return fail("mode %q is neither expr nor block", s.Mode)
	case strings.TrimSpace(s.Text) == "":
		return fail("it is empty")
	case len(s.Text) > MaxSource:
		return fail("it is longer than %d bytes", MaxSource)
	case !utf8.ValidString(s.Text) || strings.ContainsRune(s.Text, 0):
		return fail("it is not valid UTF-8 text")
	}
	depth := 0
	for i, r := range s.Text {
		switch r {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth > maxNesting {
			return &Error{Kind: Syntax, Message: fmt.Sprintf("brackets are nested more than %d deep", maxNesting), Line: 1 + strings.Count(s.Text[:i], "\n")}
		}
	}
	return nil
}

func (s source) parse() (*syntax.File, error) {
	text := renameWith(s.Text)
	options := &syntax.FileOptions{}
	if s.Mode == Block {
		return options.Parse(fileName, text, 0)
	}
	// The brackets let an expression run over several lines, as YAML's folded texts do; the first line stays the first.
	expr, err := options.ParseExpr(fileName, "("+text+"\n)", 0)
	if err != nil {
		return nil, err
	}
	path := fileName
	ret := &syntax.ReturnStmt{Return: syntax.MakePosition(&path, 1, 1), Result: expr}
	return &syntax.File{Path: path, Stmts: []syntax.Stmt{ret}, Options: options}, nil
}

const mainName = "main"

// wrap makes the statements the body of one function of the names they use. A function can be called again and again,
// its names can be assigned to, and `return` works.
func wrap(file *syntax.File, used []string, src source) (*syntax.File, error) {
	r := &rewriter{params: src.Params, raw: src.Raw}
	body := r.stmts(file.Stmts)
	if r.err != nil {
		return nil, r.err
	}
	path := fileName
	at := syntax.MakePosition(&path, 1, 1)
	if len(body) == 0 { // only comments
		body = []syntax.Stmt{&syntax.BranchStmt{Token: syntax.PASS, TokenPos: at}}
	}
	def := &syntax.DefStmt{Def: at, Name: &syntax.Ident{NamePos: at, Name: mainName}, Lparen: at, Rparen: at, Body: body}
	for _, name := range used {
		def.Params = append(def.Params, &syntax.Ident{NamePos: at, Name: name})
	}
	return &syntax.File{Path: path, Stmts: []syntax.Stmt{def}, Options: file.Options}, nil
}

// usedNames gives the params that occur as a name anywhere, sorted.
func usedNames(file *syntax.File, params []string) []string {
	var used []string
	add := func(name string) {
		if slices.Contains(params, name) && !slices.Contains(used, name) {
			used = append(used, name)
		}
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.DotExpr:
			if id, ok := n.X.(*syntax.Ident); ok {
				add(id.Name)
				return false
			}
		case *syntax.Ident:
			add(n.Name)
			if n.Name == "in_list" {
				add(listsName)
			}
		}
		return true
	})
	slices.Sort(used)
	return used
}

// namedLists gives the texts in calls of in_list, sorted.
func namedLists(file *syntax.File) []string {
	var names []string
	syntax.Walk(file, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok || len(call.Args) != 1 {
			return true
		}
		fn, isName := call.Fn.(*syntax.Ident)
		arg, isLiteral := call.Args[0].(*syntax.Literal)
		if !isName || !isLiteral || fn.Name != "in_list" {
			return true
		}
		if name, ok := arg.Value.(string); ok {
			names = append(names, name)
		}
		return true
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// listsName is the param in which a caller hands over the names of the lists that a record is in.
const listsName = "lists"

func undefinedName(e *Error, params []string) error {
	name, ok := strings.CutPrefix(e.Message, "undefined: ")
	if !ok {
		return e
	}
	name, _, _ = strings.Cut(name, " ") // Starlark's own guess knows no params
	e.Message = fmt.Sprintf("nothing is called %q", name)
	if near := nearest(name, slices.Concat(params, helperNames(), []string{"True", "False", "None"})); near != "" {
		e.Message += fmt.Sprintf(", did you mean %q?", near)
	}
	return e
}

// renameWith writes with_ for the word with, outside of strings and comments.
func renameWith(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '#':
			n := strings.IndexByte(text[i:], '\n')
			if n < 0 {
				n = len(text) - i
			}
			out.WriteString(text[i : i+n])
			i += n
		case c == '"' || c == '\'':
			n := stringLength(text[i:])
			out.WriteString(text[i : i+n])
			i += n
		case wordByte(c):
			n := 1
			for i+n < len(text) && wordByte(text[i+n]) {
				n++
			}
			out.WriteString(text[i : i+n])
			if text[i:i+n] == "with" && !strings.HasSuffix(strings.TrimRight(text[:i], " \t"), ".") {
				out.WriteByte('_')
			}
			i += n
		default:
			out.WriteByte(c)
			i++
		}
	}
	return out.String()
}

func wordByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

// stringLength gives the length of the string literal that text starts with; an unclosed one goes to the end.
func stringLength(text string) int {
	mark := text[:1]
	if strings.HasPrefix(text, strings.Repeat(mark, 3)) {
		mark = text[:3]
	}
	for i := len(mark); i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case strings.HasPrefix(text[i:], mark):
			return i + len(mark)
		case text[i] == '\n' && len(mark) == 1:
			return i
		}
	}
	return len(text)
}
