package salesforcetest

import (
	"fmt"
	"net/http"
	"strings"
)

// token kinds
const (
	tokName   = 'n'
	tokString = 's' // text is unescaped
	tokNumber = '1'
	tokTime   = 't' // date or datetime
	tokPunct  = 'p'
	tokEnd    = 'e'
)

type soqlToken struct {
	kind byte
	text string
	pos  int // byte offset in the statement
}

// is compares a keyword or punctuation, ignoring case.
func (t soqlToken) is(words ...string) bool {
	if t.kind != tokName && t.kind != tokPunct {
		return false
	}
	for _, w := range words {
		if strings.EqualFold(t.text, w) {
			return true
		}
	}
	return false
}

// soqlError is an error at a place in the statement, in the vendor's form: the
// text around it, a caret, row and column (section 8).
func soqlError(statement string, pos int, code, format string, args ...any) *apiError {
	const around = 32
	row := 1 + strings.Count(statement[:pos], "\n")
	start := max(strings.LastIndexByte(statement[:pos], '\n')+1, pos-around)
	end := min(len(statement), pos+around)
	if i := strings.IndexByte(statement[start:end], '\n'); i >= 0 && start+i > pos {
		end = start + i
	}
	column := pos - strings.LastIndexByte(statement[:pos], '\n')
	return fail(http.StatusBadRequest, code, "\n%s\n%s^\nERROR at Row:%d:Column:%d\n%s",
		statement[start:end], strings.Repeat(" ", pos-start), row, column, fmt.Sprintf(format, args...))
}

func lexSOQL(q string) ([]soqlToken, *apiError) {
	var out []soqlToken
	for i := 0; i < len(q); {
		c := q[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '\'':
			tok, next, e := lexString(q, i)
			if e != nil {
				return nil, e
			}
			out = append(out, tok)
			i = next
		case c >= '0' && c <= '9' || (c == '-' || c == '+') && i+1 < len(q) && q[i+1] >= '0' && q[i+1] <= '9':
			end := i + 1
			for end < len(q) && strings.IndexByte("0123456789.:+-TZtzeE", q[end]) >= 0 {
				end++
			}
			kind := byte(tokNumber)
			if text := q[i:end]; len(text) >= 10 && text[4] == '-' {
				kind = tokTime
			}
			out = append(out, soqlToken{kind, q[i:end], i})
			i = end
		case nameByte(c):
			end := i + 1
			for end < len(q) && (nameByte(q[end]) || q[end] == '.' || q[end] >= '0' && q[end] <= '9') {
				end++
			}
			out = append(out, soqlToken{tokName, q[i:end], i})
			i = end
		default:
			two := ""
			if i+1 < len(q) {
				two = q[i : i+2]
			}
			switch {
			case two == "!=" || two == "<=" || two == ">=" || two == "<>":
				out = append(out, soqlToken{tokPunct, two, i})
				i += 2
			case strings.IndexByte("(),=<>:", c) >= 0:
				out = append(out, soqlToken{tokPunct, string(c), i})
				i++
			default:
				return nil, soqlError(q, i, "MALFORMED_QUERY", "unexpected token: '%c'", c)
			}
		}
	}
	return append(out, soqlToken{tokEnd, "<EOF>", len(q)}), nil
}

func nameByte(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// lexString reads a literal; only backslash escapes exist (section 8). A LIKE
// pattern keeps \% and \_ as they are.
func lexString(q string, start int) (soqlToken, int, *apiError) {
	var b strings.Builder
	for i := start + 1; i < len(q); i++ {
		switch q[i] {
		case '\'':
			if b.Len() > 4000 {
				return soqlToken{}, 0, soqlError(q, start, "MALFORMED_QUERY", "string literal is longer than 4000 characters")
			}
			return soqlToken{tokString, b.String(), start}, i + 1, nil
		case '\\':
			i++
			if i >= len(q) {
				break
			}
			switch q[i] {
			case '\'', '"', '\\':
				b.WriteByte(q[i])
			case 'n', 'N':
				b.WriteByte('\n')
			case 'r', 'R':
				b.WriteByte('\r')
			case 't', 'T':
				b.WriteByte('\t')
			case 'b', 'B':
				b.WriteByte('\b')
			case 'f', 'F':
				b.WriteByte('\f')
			case '%', '_':
				b.WriteByte('\\')
				b.WriteByte(q[i])
			default:
				return soqlToken{}, 0, soqlError(q, i-1, "MALFORMED_QUERY", "Invalid string literal '\\%c'. Illegal character sequence '\\%c' in string literal.", q[i], q[i])
			}
		default:
			b.WriteByte(q[i])
		}
	}
	return soqlToken{}, 0, soqlError(q, start, "MALFORMED_QUERY", "mismatched character '<EOF>' expecting '''")
}
