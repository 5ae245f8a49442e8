package transform

import (
	"html"
	"strings"
	"unicode"
)

// richSpecs carry the bodies of activities: HubSpot keeps notes, calls, meetings and e-mails as HTML, Salesforce keeps
// descriptions as plain text.
func richSpecs() []Spec {
	return []Spec{
		{Name: "html_to_text", Doc: "Rich text as plain text: paragraphs and lines stay lines, list entries get a dash, links are written out, all else of the markup goes. A text without markup keeps its lines. At most one blank line stays between others. Back: text_to_html.",
			Example: `html_to_text: "<p>Hello <b>all</b>,</p><p>1 &lt; 2</p>" -> "Hello all,\n\n1 < 2"`, Inputs: 1, Way: Inverse,
			Run:  each(htmlToText),
			Home: func(_ *Use, value string, _ int) ([]string, error) { return []string{textToHTML(value)}, nil }},
		{Name: "text_to_html", Doc: "Plain text as rich text: the same characters, with its lines and runs of blanks kept. Back: html_to_text.",
			Example: `text_to_html: "a < b\nc" -> "a &lt; b<br>c"`, Inputs: 1, Way: Inverse,
			Run:  each(textToHTML),
			Home: func(_ *Use, value string, _ int) ([]string, error) { return []string{htmlToText(value)}, nil }},
	}
}

// textToHTML writes characters that HTML would read otherwise as entities; what html_to_text makes of it is the text.
func textToHTML(text string) string {
	var out strings.Builder
	for i, line := range tidyLines(text) {
		if i > 0 {
			out.WriteString("<br>")
		}
		blankBefore := true
		for _, r := range line {
			switch {
			case r == ' ' && blankBefore:
				out.WriteString("&nbsp;")
			case r == '&':
				out.WriteString("&amp;")
			case r == '<':
				out.WriteString("&lt;")
			case r == '>':
				out.WriteString("&gt;")
			default:
				out.WriteRune(r)
			}
			blankBefore = r == ' '
		}
	}
	return out.String()
}

// tidyLines cuts a text into lines without blanks at their ends, without blank lines at both ends, and with one blank
// line at most between others. Every blank is a space; other control characters are gone.
func tidyLines(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(strings.Map(plainRune, line), " ")
		if line == "" && (len(lines) == 0 || lines[len(lines)-1] == "") {
			continue
		}
		lines = append(lines, line)
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func plainRune(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r):
		return -1
	}
	return r
}

// htmlToText reads the markup as browsers do where it matters: what is no tag is text, and an unclosed tag is text too.
func htmlToText(source string) string {
	source = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, source)
	if _, _, _, found := nextTag(source, 0); !found {
		return strings.Join(tidyLines(html.UnescapeString(source)), "\n")
	}
	w := &textWriter{}
	for at := 0; at < len(source); {
		start, end, name, found := nextTag(source, at)
		if !found {
			w.text(source[at:])
			break
		}
		w.text(source[at:start])
		w.tag(name, source[start:end])
		at = end
		if hidden[name] {
			at = after(source, at, "</"+name)
		}
	}
	return strings.Join(tidyLines(w.out.String()), "\n")
}

// hidden elements hold what nobody reads, or reads elsewhere.
var hidden = map[string]bool{"script": true, "style": true, "head": true, "title": true}

// after gives the place of a closing tag, or the end: the tag itself is then read as any other.
func after(source string, at int, closing string) int {
	for i := at; ; i++ {
		n := strings.IndexByte(source[i:], '<')
		if n < 0 {
			return len(source)
		}
		i += n
		if len(source)-i >= len(closing) && strings.EqualFold(source[i:i+len(closing)], closing) {
			return i
		}
	}
}

// nextTag finds the next tag, comment or declaration: source[start:end], with the name in small letters, "/name" of a
// closing one, "!" of comments and declarations.
func nextTag(source string, from int) (start, end int, name string, found bool) {
	for i := from; i < len(source); i++ {
		n := strings.IndexByte(source[i:], '<')
		if n < 0 {
			return 0, 0, "", false
		}
		i += n
		if strings.HasPrefix(source[i:], "<!--") {
			if n := strings.Index(source[i+4:], "-->"); n >= 0 {
				return i, i + 4 + n + 3, "!", true
			}
			return 0, 0, "", false
		}
		name := tagName(source[i+1:])
		if name == "" {
			continue
		}
		if n := tagEnd(source[i:]); n > 0 {
			return i, i + n, name, true
		}
		return 0, 0, "", false // no > is left: the rest is text
	}
	return 0, 0, "", false
}

// tagName reads the name behind a <; "" when it begins no tag: 1 < 2, <3, <a@example.com>.
func tagName(text string) string {
	if strings.HasPrefix(text, "!") || strings.HasPrefix(text, "?") {
		return "!"
	}
	n := 0
	if strings.HasPrefix(text, "/") {
		n = 1
	}
	begin := n
	for n < len(text) && n < 20 && (isLetter(text[n]) || n > begin && (text[n] >= '0' && text[n] <= '9' || text[n] == ':' || text[n] == '-')) {
		n++
	}
	if n == begin || n < len(text) && !strings.ContainsRune(" \t\r\n/>", rune(text[n])) {
		return ""
	}
	return strings.ToLower(text[:n])
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// tagEnd gives the length of a tag; a > in quotes does not end it, unless the quotes are never closed. 0: it has no end.
func tagEnd(text string) int {
	for i := 1; i < len(text); i++ {
		switch c := text[i]; c {
		case '>':
			return i + 1
		case '"', '\'':
			n := strings.IndexByte(text[i+1:], c)
			if n < 0 {
				return strings.IndexByte(text, '>') + 1
			}
			i += n + 1
		}
	}
	return strings.IndexByte(text, '>') + 1
}

// apart says how many line ends stand before and after an element.
var apart = map[string]int{"p": 2, "h1": 2, "h2": 2, "h3": 2, "h4": 2, "h5": 2, "h6": 2, "blockquote": 2, "table": 2, "pre": 2, "ul": 1, "ol": 1, "hr": 1, "div": 1, "li": 1, "tr": 1, "section": 1, "article": 1, "header": 1, "footer": 1,
	"address": 1, "dl": 1, "dt": 1, "dd": 1, "form": 1, "body": 1, "center": 1, "figure": 1}

type textWriter struct {
	out   strings.Builder
	wrote bool // something stands on this line
	blank bool // a blank is due before the next word
	lines int  // line ends are due before the next word
	link  string
	since int // where the link's text begins
}

func (w *textWriter) text(source string) {
	for _, r := range html.UnescapeString(source) {
		if strings.ContainsRune(" \t\r\n\f", r) {
			w.blank = true
			continue
		}
		w.due()
		w.out.WriteRune(r)
		w.wrote = true
	}
}

func (w *textWriter) due() {
	if w.lines > 0 && w.out.Len() > 0 {
		w.out.WriteString(strings.Repeat("\n", min(w.lines, 2)))
		w.wrote = false
	}
	if w.blank && w.wrote && w.lines == 0 {
		w.out.WriteByte(' ')
	}
	w.lines, w.blank = 0, false
}

func (w *textWriter) tag(name, source string) {
	closing := strings.HasPrefix(name, "/")
	name = strings.TrimPrefix(name, "/")
	switch {
	case name == "br" && !closing:
		w.lines++
		w.blank = false
	case name == "td" || name == "th":
		w.blank = true
	case name == "a" && !closing:
		w.link, w.since = href(source), w.out.Len()
	case name == "a":
		w.endLink()
	default:
		w.lines = max(w.lines, apart[name])
	}
	if name == "li" && !closing {
		w.due()
		w.out.WriteString("- ")
		w.wrote, w.blank = false, false
	}
}

// endLink writes the address behind its text, unless they are one.
func (w *textWriter) endLink() {
	label := strings.TrimSpace(w.out.String()[min(w.since, w.out.Len()):])
	if w.link != "" && label != "" && strings.TrimSuffix(label, "/") != strings.TrimSuffix(w.link, "/") {
		w.out.WriteString(" (" + w.link + ")")
	}
	w.link = ""
}

// href gives a link's address on the web, "" for any other.
func href(tag string) string {
	i := strings.Index(strings.ToLower(tag), "href=")
	if i < 0 {
		return ""
	}
	value := tag[i+len("href="):]
	if value == "" {
		return ""
	}
	if quote := value[0]; quote == '"' || quote == '\'' {
		value, _, _ = strings.Cut(value[1:], string(quote))
	} else {
		value = strings.TrimRight(strings.Fields(value + " >")[0], ">")
	}
	value = strings.TrimSpace(html.UnescapeString(value))
	if small := strings.ToLower(value); !strings.HasPrefix(small, "http://") && !strings.HasPrefix(small, "https://") {
		return ""
	}
	return value
}
