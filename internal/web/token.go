package web

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Identity tells who a bearer token belongs to; "" is nobody.
type Identity interface {
	Who(token string) (string, error)
}

// TokenFile is an Identity kept in a file of mode 0600, one "NAME TOKEN" a line; blank lines and lines that begin with #
// are passed over. The file is read for every request, so that a token added or taken away counts at once, and a file that
// others can read is noticed.
type TokenFile struct{ Path string }

// Token is one line of a token file. Name is the actor in every record of what was done with it.
type Token struct{ Name, Token string }

const minToken = 16 // characters; shorter ones can be tried out

var tokenName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$`) })

// Who compares with every line in constant time.
func (f TokenFile) Who(token string) (string, error) {
	all, err := f.Tokens()
	if err != nil {
		return "", err
	}
	given, name := sha256.Sum256([]byte(token)), ""
	for _, t := range all {
		want := sha256.Sum256([]byte(t.Token))
		if subtle.ConstantTimeCompare(given[:], want[:]) == 1 {
			name = t.Name
		}
	}
	return name, nil
}

// Tokens reads the file. Errors name the line, never what stands in it.
func (f TokenFile) Tokens() ([]Token, error) {
	info, err := os.Stat(f.Path)
	if err != nil {
		return nil, fmt.Errorf("token file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("token file %s can be read by others (mode %04o); run: chmod 600 %s", f.Path, info.Mode().Perm(), f.Path)
	}
	data, err := os.ReadFile(f.Path)
	if err != nil {
		return nil, fmt.Errorf("token file: %w", err)
	}
	return parseTokens(f.Path, data)
}

func parseTokens(path string, data []byte) ([]Token, error) {
	var out []Token
	seen := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Fields(line)
		switch {
		case len(parts) != 2:
			return nil, fmt.Errorf("token file %s, line %d: write a name, a blank and a token", path, n)
		case !tokenName().MatchString(parts[0]):
			return nil, fmt.Errorf("token file %s, line %d: a name is up to 64 letters, digits and ._@+-", path, n)
		case len(parts[1]) < minToken:
			return nil, fmt.Errorf("token file %s, line %d: a token has at least %d characters", path, n, minToken)
		case seen[parts[0]]:
			return nil, fmt.Errorf("token file %s, line %d: this name is there twice", path, n)
		}
		seen[parts[0]] = true
		out = append(out, Token{parts[0], parts[1]})
	}
	return out, lines.Err()
}

// Ensure makes the file with these tokens when there is none, with mode 0600, and leaves one that is there alone.
func (f TokenFile) Ensure(tokens ...Token) error {
	var text strings.Builder
	text.WriteString("# who may use the operator API: NAME TOKEN, one a line; the name stands in every record of what was done\n")
	for _, t := range tokens {
		fmt.Fprintf(&text, "%s %s\n", t.Name, t.Token)
	}
	if _, err := parseTokens(f.Path, []byte(text.String())); err != nil {
		return err
	}
	file, err := os.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("token file: %w", err)
	}
	_, err = file.WriteString(text.String())
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(fmt.Errorf("token file: %w", err), os.Remove(f.Path)) // half a file would lock everybody out
	}
	return nil
}

// Add puts one more person into the file. A name that is there keeps its token: remove it first.
func (f TokenFile) Add(t Token) error {
	return f.change(func(lines []string) ([]string, error) {
		for _, line := range lines {
			if parts := strings.Fields(line); len(parts) > 0 && parts[0] == t.Name {
				return nil, fmt.Errorf("token file %s: %s has a token already; remove it first", f.Path, t.Name)
			}
		}
		return append(lines, t.Name+" "+t.Token), nil
	})
}

// Remove takes a person out of the file. The last one stays: nobody could use the API any more.
func (f TokenFile) Remove(name string) error {
	return f.change(func(lines []string) ([]string, error) {
		kept := slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
			parts := strings.Fields(line)
			return len(parts) == 2 && parts[0] == name
		})
		if len(kept) == len(lines) {
			return nil, fmt.Errorf("token file %s has no token for %q", f.Path, name)
		}
		if left, err := parseTokens(f.Path, []byte(strings.Join(kept, "\n"))); err != nil || len(left) == 0 {
			return nil, errors.Join(err, fmt.Errorf("token file %s: %s is the last who can use the operator API; add somebody else first", f.Path, name))
		}
		return kept, nil
	})
}

// change writes the file anew beside the old one and puts it in its place, so that a kill leaves one of the two whole.
func (f TokenFile) change(edit func(lines []string) ([]string, error)) error {
	if _, err := f.Tokens(); err != nil {
		return err // missing, readable by others, or broken: said with its fix
	}
	data, err := os.ReadFile(f.Path)
	if err != nil {
		return fmt.Errorf("token file: %w", err)
	}
	lines, err := edit(strings.Split(strings.TrimRight(string(data), "\n"), "\n"))
	if err != nil {
		return err
	}
	text := []byte(strings.Join(lines, "\n") + "\n")
	if _, err := parseTokens(f.Path, text); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(f.Path), ".token-*") // CreateTemp makes it with mode 0600
	if err != nil {
		return fmt.Errorf("token file: %w", err)
	}
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), f.Path)
	}
	if err != nil {
		return fmt.Errorf("token file: %w", errors.Join(err, os.Remove(temporary.Name())))
	}
	return nil
}
