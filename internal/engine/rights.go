package engine

import (
	"context"
	"fmt"
	"strings"

	"crosswalk/internal/connector"
)

// rightsFindings says per object and mapped field what each credential may do and what it may not, as far as the connectors
// can find out without writing.
func (e *Engine) rightsFindings(ctx context.Context) ([]Finding, error) {
	var out []Finding
	for _, name := range sortedNames(e.Connections) {
		asked, ok := e.Connections[name].(connector.Rights)
		if !ok {
			continue
		}
		needs, err := e.Needs(ctx, name)
		if err != nil {
			return out, err
		}
		for _, n := range needs {
			lacks, err := asked.Lacks(ctx, n)
			if connector.FaultOf(err) == connector.Unauthorized {
				break // it was said of the connection already
			}
			out = append(out, rights(name, n, lacks, err)...)
		}
	}
	return out, nil
}

// rights words what was found out about one object.
func rights(connection string, n connector.Need, lacks []connector.Refusal, err error) []Finding {
	where := connection + "/" + n.Object
	var out []Finding
	for _, l := range lacks {
		fields := n.Reads
		if strings.HasPrefix(l.What, "write ") {
			fields = n.Writes
		}
		fix := "give the credential a right to " + l.What + ", then connect again if it is a grant"
		if l.Grant != "" {
			fix = "grant " + l.Grant + ", then connect again if it is a grant: crosswalk connect " + connection
		}
		out = append(out, Finding{Severity: "stop", Where: where, Finding: "the credential may not " + l.What + mapped(fields), Owner: "the administrator of " + connection, Fix: fix})
	}
	switch {
	case err != nil:
		return append(out, Finding{Severity: "warn", Where: where, Finding: "could not find out what the credential may do: " + err.Error(), Owner: "the engineer"})
	case len(lacks) > 0:
		return out
	}
	may := "may be read" + mapped(n.Reads)
	if n.Write {
		may += "; may be written" + mapped(n.Writes)
	}
	return append(out, Finding{Severity: "ok", Where: where, Finding: may})
}

// maxMapped keeps a finding readable.
const maxMapped = 12

// mapped lists the fields that a right is for.
func mapped(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	more := ""
	if len(fields) > maxMapped {
		fields, more = fields[:maxMapped], fmt.Sprintf(" and %d more", len(fields)-maxMapped)
	}
	return ": " + strings.Join(fields, ", ") + more
}
