package transform_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"crosswalk/internal/transform"

	"golang.org/x/net/idna"
)

// TestRegistrableDomain runs the public suffix list's own test cases.
func TestRegistrableDomain(t *testing.T) {
	cases := rows(t, "domains/psl_registrable_domain_tests.csv")
	if len(cases) != 78 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		in, want := c["input"], c["expected_registrable_domain"]
		if want != "" {
			ascii, err := idna.Lookup.ToASCII(want)
			if err != nil {
				t.Fatal(want, err)
			}
			want = ascii
		}
		for _, form := range []string{in, "https://" + in + "/path?q=a@b.c", "HTTP://user:secret@" + in + ":8080", "info@" + in, " " + in + ". "} {
			if in == "" {
				form = in
			}
			if got := transform.RegistrableDomain(form); got != want {
				t.Errorf("RegistrableDomain(%q) = %q, want %q", form, got, want)
			}
		}
	}
}

func TestRegistrableDomainOfOddThings(t *testing.T) {
	for in, want := range map[string]string{
		"www.Example.com.": "example.com", "//example.com": "example.com", "example.com:443": "example.com", "mailto:info@example.com": "example.com",
		"192.0.2.1": "", "http://192.0.2.1/": "", "[2001:db8::1]": "", "localhost": "", "n/a": "", "none": "", "-": "", "example .com": "", "http://": "", "a..example.com": "",
		"my_shop.example.com": "example.com", "https://example.com#x@evil.test": "example.com", `https://example.com\@other.test`: "example.com", "straße.example": "xn--strae-oqa.example",
		strings.Repeat("a", 64) + ".com": "", strings.Repeat("a.", 3000) + "com": "", "999.999.999.999": "", "shop.github.io": "shop.github.io", "github.io": "",
	} {
		if got := transform.RegistrableDomain(in); got != want {
			t.Errorf("RegistrableDomain(%.60q) = %q, want %q", in, got, want)
		}
	}
}

// TestRealDomains: every domain of 10,251 institutions is read as a domain and is stable.
func TestRealDomains(t *testing.T) {
	text, err := os.ReadFile(shared(t, "identity/universities_domains.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Domains []string `json:"domains"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	n, unread := 0, 0
	for _, u := range all {
		for _, d := range u.Domains {
			n++
			got := transform.RegistrableDomain(d)
			if got == "" {
				unread++ // the list has a few bare public suffixes and slips
			} else if transform.RegistrableDomain("https://www."+got+"/") != got {
				t.Errorf("%q gives %q, which is not stable", d, got)
			}
		}
	}
	if n < 10_000 || unread*100 > n {
		t.Errorf("%d of %d domains are not read", unread, n)
	}
}

func TestFreeMail(t *testing.T) {
	domain, err := set.Comparison("domain")
	if err != nil {
		t.Fatal(err)
	}
	for in, key := range map[string]string{"info@gmail.com": "", "GMAIL.COM": "", "https://www.yahoo.com/x": "", "buyer@acme.example": "acme.example", "not a domain": ""} {
		if got := domain.Key(in); got != key {
			t.Errorf("key of %q is %q, want %q", in, got, key)
		}
	}
	res, err := parse(t, "not_free_mail").Apply([]string{"someone@gmail.com"}, nil)
	if err != nil || res.Text != "" || res.Note == "" {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestValidEmail(t *testing.T) {
	for in, want := range map[string]bool{
		"info@example.com": true, "a+b.c@sub.example.co.uk": true, "o'brien@example.com": true, "jörg@example.com": true, "info@bücher.example": true,
		"": false, "info": false, "info@": false, "@example.com": false, "a@b@example.com": false, "a b@example.com": false, ".a@example.com": false, "a.@example.com": false, "a..b@example.com": false,
		"info@localhost": false, "info@example..com": false, "info@-example.com": false, "info@192.0.2.1": false, "info@example.com.": false, "info@exam ple.com": false, "<info@example.com>": false,
		"a@b.com, c@d.com": false, strings.Repeat("a", 65) + "@example.com": false, "a@" + strings.Repeat("b", 260) + ".com": false, "info@com": false, "\u00a0x\n@example.com": false,
	} {
		if got := transform.ValidEmail(in); got != want {
			t.Errorf("ValidEmail(%.50q) = %v", in, got)
		}
	}
}
