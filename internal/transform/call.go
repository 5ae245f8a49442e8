package transform

import (
	"fmt"
	"strings"
)

// maxRounds bounds how often a chain of tidying transforms is applied until nothing changes any more. Two rounds are
// enough for every pair of transforms here; the rest is reserve.
const maxRounds = 6

// A Call is one or more transforms with their arguments, ready to apply. The zero Call changes nothing. It is
// immutable and safe for concurrent use.
type Call struct{ steps []step }

type step struct {
	spec     *Spec
	args     Args
	prepared any
	unknown  string // "" or one of the Unknown constants
}

// A Result is a text and, where a person should know, what was done to it.
type Result struct {
	Text string
	Note string
}

// IsZero tells whether the call changes nothing.
func (c Call) IsZero() bool { return len(c.steps) == 0 }

// Apply runs the inputs through the call. The first transform gets all inputs, each further one the text before it.
// Inputs that are all blank give a blank, except through default, static and the like. tables may be nil when the call
// has no lookup. Errors are *Error.
func (c Call) Apply(in []string, tables Tables) (Result, error) {
	if len(c.steps) == 0 {
		if len(in) > 1 {
			return Result{}, &Error{Reason: fmt.Sprintf("%d inputs and no transform to make one value of them", len(in)), Fix: "add join, first_of or template"}
		}
		return Result{Text: strings.Join(in, "")}, nil
	}
	res, err := c.once(in, tables)
	if err != nil || len(c.steps) == 1 || c.Way() != AsIs {
		return res, err
	}
	// One tidying transform may undo another's work (trim | truncate): settle, so that a second reading of our own
	// write changes nothing.
	for range maxRounds {
		again, err := c.once([]string{res.Text}, tables)
		if err != nil || again.Text == res.Text {
			break
		}
		res.Text = again.Text
	}
	return res, nil
}

func (c Call) once(in []string, tables Tables) (Result, error) {
	var res Result
	for _, s := range c.steps {
		out, err := s.apply(in, tables)
		if err != nil {
			return Result{}, err
		}
		if out.Note != "" {
			res.Note = strings.TrimPrefix(res.Note+"; "+out.Note, "; ")
		}
		res.Text = out.Text
		in = []string{out.Text}
	}
	return res, nil
}

func (s step) use(tables Tables) *Use {
	return &Use{Args: s.args, Prepared: s.prepared, spec: s.spec, tables: tables}
}

func (s step) apply(in []string, tables Tables) (Result, error) {
	u := s.use(tables)
	if s.spec.Inputs > 0 && len(in) > s.spec.Inputs {
		return Result{}, u.Fail(fmt.Sprintf("takes %d inputs at most and has %d", s.spec.Inputs, len(in)), "put join, first_of or template before it")
	}
	if !s.spec.TakesBlank && allBlank(in) {
		return Result{}, nil
	}
	if s.spec.Run == nil {
		return Result{}, u.Fail("is not part of this program", "run the mapping where it is")
	}
	text, err := s.spec.Run(u, in)
	if err == nil {
		return Result{Text: text, Note: u.note}, nil
	}
	switch s.unknown {
	case UnknownKeep:
		return Result{Text: in[0], Note: "kept as it is"}, nil
	case UnknownBlank:
		return Result{Note: "left blank: it could not be transformed"}, nil
	}
	return Result{}, err
}

func allBlank(in []string) bool {
	for _, s := range in {
		if s != "" {
			return false
		}
	}
	return true
}

// Way tells how a value goes home through the whole call: one way if any part is, as it is if every part is.
func (c Call) Way() Way {
	way := AsIs
	for _, s := range c.steps {
		switch s.way() {
		case OneWay:
			return OneWay
		case Inverse:
			way = Inverse
		}
	}
	return way
}

func (s step) way() Way {
	if s.spec.WayOf != nil {
		return s.spec.WayOf(s.args)
	}
	return s.spec.Way
}

// Home computes the values of the n near fields from the far field's value: `back` where the mapping names none. It
// fails with an *Error for a call that goes one way, and for a value that has no counterpart.
func (c Call) Home(value string, n int, tables Tables) ([]string, error) {
	if c.Way() == OneWay {
		return nil, &Error{Reason: fmt.Sprintf("%s goes one way", c), Fix: "name a transform under back, or give the field one direction"}
	}
	n = max(n, 1)
	out := []string{value}
	for i := len(c.steps) - 1; i >= 0; i-- {
		s := c.steps[i]
		if s.way() == AsIs || value == "" {
			continue
		}
		fields := 1
		if i == 0 {
			fields = n
		}
		got, err := s.spec.Home(s.use(tables), out[0], fields)
		switch {
		case err == nil:
			out = got
		case s.unknown == UnknownBlank:
			out = make([]string, fields)
		case s.unknown != UnknownKeep:
			return nil, err
		}
	}
	if missing := n - len(out); missing > 0 {
		out = append(out, make([]string, missing)...)
	}
	return out[:n], nil
}

// Canonical gives the form in which a far side's value is compared and remembered: two values with one canonical form
// are the same to this field. It is stable: Canonical of a canonical form is that form. n is the number of near
// fields. A value the call cannot handle is its own canonical form.
func (c Call) Canonical(value string, n int, tables Tables) string {
	switch c.Way() {
	case AsIs:
		return settle(value, func(v string) (string, error) {
			res, err := c.Apply([]string{v}, tables)
			return res.Text, err
		})
	case Inverse:
		return settle(value, func(v string) (string, error) {
			near, err := c.Home(v, n, tables)
			if err != nil {
				return "", err
			}
			res, err := c.Apply(near, tables)
			return res.Text, err
		})
	}
	return value
}

func settle(value string, once func(string) (string, error)) string {
	for range maxRounds {
		next, err := once(value)
		if err != nil || next == value {
			break
		}
		value = next
	}
	return value
}

// String writes the call in a form that Parse reads again.
func (c Call) String() string {
	parts := make([]string, len(c.steps))
	for i, s := range c.steps {
		parts[i] = s.String()
	}
	return strings.Join(parts, " | ")
}

func (s step) String() string {
	var args []string
	for _, f := range s.args.free {
		args = append(args, quote(f))
	}
	positional := true
	for _, p := range append(s.spec.Params[:len(s.spec.Params):len(s.spec.Params)], unknownParam) {
		text, given := s.args.Get(p.Name)
		if !given {
			positional = false
			continue
		}
		arg := quote(text)
		if p.Kind == Pairs {
			arg = quotePairs(s.args.pairs)
		}
		if !positional || p.Name == unknownParam.Name || s.spec.Free && p.Kind != Pairs {
			arg = p.Name + "=" + arg
		}
		args = append(args, arg)
	}
	if len(args) == 0 {
		return s.spec.Name
	}
	return s.spec.Name + "(" + strings.Join(args, ", ") + ")"
}

func quotePairs(pairs []Pair) string {
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = quote(p.From) + ": " + quote(p.To)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
