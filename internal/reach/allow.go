package reach

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Rule allows methods below a path.
type Rule struct {
	Methods []string // GET, POST ...
	Prefix  string   // /api/ ; whole segments count
}

// Allow is a list of rules; what none allows is refused.
type Allow []Rule

// Standard is what SalesPad's web API is asked for: its resources, and nothing else that the server has.
var Standard = Allow{{[]string{"GET", "POST", "PUT", "DELETE"}, "/api/"}}

// Check says what of a list cannot be.
func (a Allow) Check() error {
	for n, r := range a {
		if !strings.HasPrefix(r.Prefix, "/") || path.Clean(r.Prefix) != strings.TrimSuffix(r.Prefix, "/") && r.Prefix != "/" {
			return fmt.Errorf("allow[%d].prefix: %q; write a path from the root, such as /api/", n, r.Prefix)
		}
		if len(r.Methods) == 0 {
			return fmt.Errorf("allow[%d].methods: none; write GET, POST, PUT or DELETE", n)
		}
		for _, m := range r.Methods {
			if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, m) {
				return fmt.Errorf("allow[%d].methods: %q; write GET, POST, PUT or DELETE", n, m)
			}
		}
	}
	return nil
}

// refuses says why a request may not be sent, "" where it may. It quotes no key: the text is shown.
func (a Allow) refuses(method, escaped string) string {
	plain, err := url.PathUnescape(escaped)
	low := strings.ToLower(escaped)
	switch {
	case err != nil || !strings.HasPrefix(plain, "/") || strings.ContainsAny(plain, "\\\x00\r\n"),
		strings.Contains(low, "%2f"), strings.Contains(low, "%5c"), strings.Contains(plain, "//"),
		path.Clean(plain) != strings.TrimSuffix(plain, "/") && plain != "/":
		return "the agent takes only plain paths, with no way round within them"
	}
	for _, r := range a {
		prefix := strings.TrimSuffix(r.Prefix, "/")
		if slices.Contains(r.Methods, method) && strings.HasPrefix(plain, prefix+"/") {
			return ""
		}
	}
	return "the agent's list does not allow " + verb(method) + " at this path"
}

// verb is a method as it may be shown.
func verb(method string) string {
	if len(method) > 10 || strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "this method"
	}
	return method
}
