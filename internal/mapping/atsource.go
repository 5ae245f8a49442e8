package mapping

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// AtSource is what follows at a once the record of b is whole: a sales document is exported with its lines, what was missing is noted
// on it, and it is forwarded to the next queue of its workflow. After says which of it is done, in the order lines, audit, forward;
// each is done once (internal/engine/followupsource.go).
type AtSource struct {
	Lines     string   // of lines: the mapping that carries the records inside this one
	Audit     string   // of audit: the text noted on the record of a; {missing} stands for what the lines refer to and has no counterpart
	AuditType string   // "" is the system's own
	Queue     string   // of forward: the field of a that holds the workflow queue
	From      []string // the queues from which a record is forwarded
	To        string   // the queue it goes to, where the system is told; "" is the next one of the workflow
	Line      int
}

// Missing is the place in an audit's text where the names of what is missing go.
const Missing = "{missing}"

// Never is the Schedule of a mapping whose source is not read by itself: its records come with others, or in a run that somebody starts.
const Never time.Duration = -1

// sourceWords can follow in a mapping that makes no billing documents, in this order.
var sourceWords = []string{"lines", "audit", "forward"}

func (r *reader) atSource(o object) *AtSource {
	if !o.has("at_source") {
		return nil
	}
	s := o.child("at_source", "lines", "audit", "audit_type", "queue", "from", "to")
	return &AtSource{Lines: s.text("lines"), Audit: s.trimmed("audit"), AuditType: s.trimmed("audit_type"), Queue: s.text("queue"), From: s.texts("from"), To: s.trimmed("to"),
		Line: r.at["at_source"].Line}
}

// isNever tells whether a schedule says that the source is not read by itself.
func isNever(n *yaml.Node) bool { return !isNull(n) && strings.TrimSpace(n.Value) == "never" }

// maxAuditText leaves room for the names within what an audit may hold.
const maxAuditText = 1000

// atSource looks at after and at_source of a mapping that makes no billing documents.
func (c *checker) atSource() {
	m, s := c.m, c.m.AtSource
	if len(m.After) == 0 && s == nil {
		return
	}
	if m.TwoWay() {
		c.add("after", "what follows at a belongs to a mapping that goes one way", "leave after and at_source out, or b_to_a")
		return
	}
	if s == nil {
		s = &AtSource{}
	}
	last := -1
	for _, word := range m.After {
		n := slices.Index(sourceWords, word)
		switch {
		case n < 0:
			c.addf("after", didYouMean(word, sourceWords), "%q is nothing that can follow in a mapping that makes no billing documents", word)
		case n <= last:
			c.add("after", "the words are done in one order", "write them once each, in the order lines, audit, forward")
		}
		last = max(last, n)
	}
	for _, part := range []struct {
		word, key, fix string
		given          bool
	}{
		{"lines", "lines", "name the mapping of the records inside this one, for example lines: document-lines", s.Lines != ""},
		{"audit", "audit", "write the text, for example audit: 'No product for {missing}'", s.Audit != ""},
		{"forward", "queue", "name the field of a that holds the queue, for example queue: Sales_Batch", s.Queue != ""},
		{"forward", "from", "name the queues from which records are forwarded, for example from: [ EXPORT ]", len(s.From) > 0},
	} {
		asked := slices.Contains(m.After, part.word)
		switch {
		case asked && !part.given:
			c.add("at_source."+part.key, "is missing, and after says "+part.word, part.fix)
		case !asked && part.given:
			c.add("at_source."+part.key, "is described but not asked for", "add "+part.word+" to after, or leave it out")
		}
	}
	c.auditText(s)
}

func (c *checker) auditText(s *AtSource) {
	m := c.m
	switch {
	case !slices.Contains(m.After, "audit"):
		if s.AuditType != "" {
			c.add("at_source.audit_type", "is described but not asked for", "add audit to after, or leave it out")
		}
		return
	case !slices.Contains(m.After, "lines"):
		c.add("after", "audit names what lines refer to and has no counterpart", "add lines, or leave audit out")
	case s.Audit != "" && !strings.Contains(s.Audit, Missing):
		c.add("at_source.audit", "it does not say what is missing", "write "+Missing+" where the names go")
	case len(s.Audit) > maxAuditText:
		c.addf("at_source.audit", "shorten it", "it has more than %d characters", maxAuditText)
	}
}

// AuditText is the text of an audit that names what is missing.
func (s *AtSource) AuditText(missing []string) string {
	return strings.ReplaceAll(s.Audit, Missing, strings.Join(missing, ", "))
}

// Forwards tells whether a record is forwarded from a queue. Queues are the same in capitals and small letters.
func (s *AtSource) Forwards(queue string) bool {
	return queue != "" && slices.ContainsFunc(s.From, func(from string) bool { return strings.EqualFold(strings.TrimSpace(from), strings.TrimSpace(queue)) })
}

// atSource looks whether the lines' mapping is there, leads the same way, and writes its records with those of this one.
func (s *set) atSource(c *complaints) {
	m := c.m
	if m.AtSource == nil || m.AtSource.Lines == "" {
		return
	}
	const path = "at_source.lines"
	s.reference(c, path, m.AtSource.Lines, "")
	to := s.byName[m.AtSource.Lines]
	if to == nil || to == m {
		return
	}
	if to.TwoWay() || to.Document != nil {
		c.addf(path, "name a mapping that goes one way", "%s goes both ways, or bills", to.Name)
	}
	if !slices.ContainsFunc(to.Fields, func(f Field) bool { return f.Through == m.Name && f.Required }) {
		c.addf(path, "give "+to.Name+" a field with through: "+m.Name+" and required: true", "%s does not say which record its %s belong to", to.Name, to.B.Object)
	}
}
