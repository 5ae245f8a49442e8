package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crosswalk/internal/connector"
)

// rights says per object and mapped field what each credential may do and what it may not, as far as the connectors can
// find out without writing: those that can be asked are asked, of the others the description tells what our user sees.
func (p *preflight) rights(ctx context.Context) error {
	for _, name := range sortedNames(p.Connections) {
		if p.dead[name] {
			continue
		}
		asked, ok := p.Connections[name].(connector.Rights)
		for _, n := range needsOf(p.actives, name) {
			if !ok {
				if p.isCRM(name) {
					p.described(ctx, name, n)
				}
				continue
			}
			lacks, err := asked.Lacks(ctx, n)
			if connector.FaultOf(err) == connector.Unauthorized {
				break // it was said of the connection already
			}
			if p.isCRM(name) && err == nil && len(lacks) == 0 && !p.fieldRights(ctx, name, n) {
				continue
			}
			p.out.Findings = append(p.out.Findings, rights(name, n, lacks, err)...)
		}
	}
	return nil
}

// needsOf are what mappings ask of a connection.
func needsOf(actives []*Active, connection string) []connector.Need {
	all := needs{}
	for _, a := range actives {
		all.add(a, connection)
	}
	return all.sorted()
}

// described judges an object by what its description shows our user.
func (p *preflight) described(ctx context.Context, connection string, n connector.Need) {
	at := place{connection, n.Object}
	_, err := p.describe(ctx, at)
	switch {
	case connector.FaultOf(err) == connector.Forbidden, connector.FaultOf(err) == connector.Missing:
		p.add("stop", at.String(), "the credential's user may not read "+n.Object+mapped(n.Reads), "the administrator of "+connection, permissionFix(readOrEdit(n.Write)+" access to "+n.Object))
	case err != nil:
		p.add("warn", at.String(), "could not find out what the credential may do: "+err.Error(), "the engineer", "")
	case p.fieldRights(ctx, connection, n):
		p.out.Findings = append(p.out.Findings, rights(connection, n, nil, nil)...)
	}
}

func readOrEdit(write bool) string {
	if write {
		return "read and edit"
	}
	return "read"
}

func permissionFix(what string) string {
	return "give the integration user " + what + ": deploy and assign the permission set that crosswalk check --emit DIR writes, again after each new field"
}

// fieldRights names mapped fields that our user may not see or not write; it tells whether there are none. A field that is
// hidden and one that is not there look the same to whoever asks.
func (p *preflight) fieldRights(ctx context.Context, connection string, n connector.Need) bool {
	at := place{connection, n.Object}
	o, err := p.describe(ctx, at)
	if err != nil {
		return false
	}
	var hidden, fixed []string
	spare := p.onlyMatched(at)
	for _, name := range distinct(append(slices.Clone(n.Reads), n.Writes...)) {
		f, ok := fieldOf(o, name)
		_, _, joins := connector.AssociationField(name)
		switch {
		case strings.Contains(name, ".") || joins || name == "id" || name == "Id":
		case !ok && spare[name]: // a rule that nothing can meet is passed over: the ids that HubSpot's own connector left, where it never was
		case !ok:
			hidden = append(hidden, name)
		case f.ReadOnly && slices.Contains(n.Writes, name):
			fixed = append(fixed, name)
		}
	}
	admin := "the administrator of " + connection
	if len(hidden) > 0 {
		severity := "stop"
		if !n.Write { // what is only read for other records may be missing for good reason, as a currency in an org of one
			severity = "warn"
		}
		p.add(severity, at.String(), "the credential's user does not see, or the account does not have"+mapped(hidden), admin,
			permissionFix(readOrEdit(n.Write)+" access to these fields (field-level security)")+"; where the account does not have them, crosswalk check --emit DIR writes their definitions")
	}
	if len(fixed) > 0 {
		p.add("stop", at.String(), "the credential's user may read and not write"+mapped(fixed), admin, permissionFix("edit access to these fields (field-level security)")+"; what the system computes itself cannot be written: take it out of the mapping")
	}
	return len(hidden)+len(fixed) == 0
}

// onlyMatched are the fields of an object that match rules compare and nothing else needs.
func (p *preflight) onlyMatched(at place) map[string]bool {
	out := map[string]bool{}
	each := func(use func(w way)) {
		for _, a := range p.actives {
			for _, w := range ways(a) {
				use(w)
			}
		}
	}
	each(func(w way) {
		for _, r := range w.m.Match {
			if w.source() == at {
				for _, name := range r.A {
					out[name] = true
				}
			}
			if w.target() == at {
				out[r.B] = true
			}
		}
	})
	each(func(w way) {
		for _, f := range w.m.Fields {
			if w.source() == at {
				for _, name := range f.A {
					delete(out, name)
				}
			}
			if w.target() == at {
				delete(out, f.B)
			}
		}
	})
	return out
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
	return ": " + some(fields)
}

// some lists names, and says how many more there are than anybody reads.
func some(names []string) string {
	more := ""
	if len(names) > maxMapped {
		names, more = names[:maxMapped], fmt.Sprintf(" and %d more", len(names)-maxMapped)
	}
	return strings.Join(names, ", ") + more
}
