package web_test

import (
	"bytes"
	"strings"
	"testing"

	"crosswalk/internal/web"
)

// TestCSVCells: no cell begins like a formula, and each comes back as it was.
func TestCSVCells(t *testing.T) {
	for _, c := range []struct{ text, cell string }{
		{"Nordlys", "Nordlys"}, {"", ""}, {"=1+1", "'=1+1"}, {"+45", "'+45"}, {"-2", "'-2"}, {"@SUM(A1)", "'@SUM(A1)"}, {"\t=1", "'\t=1"}, {"\r=1", "'\r=1"}, {"\n=1", "'\n=1"},
		{"\uff1d1", "'\uff1d1"}, {"\uff0b1", "'\uff0b1"}, {"\uff0d1", "'\uff0d1"}, {"\uff20A", "'\uff20A"}, {"'=1", "''=1"}, {"''=1", "'''=1"}, {"'s-Gravenhage", "'s-Gravenhage"}, {"'", "'"}, {"a=b", "a=b"},
	} {
		if got := web.CSVCell(c.text); got != c.cell {
			t.Errorf("%q becomes %q, want %q", c.text, got, c.cell)
		}
		if got := web.PlainCell(c.cell); got != c.text {
			t.Errorf("%q comes back as %q, want %q", c.cell, got, c.text)
		}
	}
}

func FuzzCSVCell(f *testing.F) {
	for _, s := range []string{"=1", "'=1", "'", "x", "\uff1d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cell := web.CSVCell(text)
		if web.PlainCell(cell) != text {
			t.Errorf("%q becomes %q and comes back as %q", text, cell, web.PlainCell(cell))
		}
		if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
			t.Errorf("%q is a formula", cell)
		}
	})
}

func TestCSVTables(t *testing.T) {
	rows := [][]string{{"a", "b"}, {"=cmd|'/c calc'!A0", "two, \"quoted\"\nlines"}}
	var out bytes.Buffer
	if err := web.WriteCSV(&out, rows); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "\n=") || strings.HasPrefix(out.String(), "=") {
		t.Errorf("a formula: %q", out.String())
	}
	for name, text := range map[string]string{"as written": out.String(), "with a mark": "\ufeff" + out.String()} {
		got, err := web.ReadCSV(strings.NewReader(text))
		if err != nil || len(got) != 2 || got[1][0] != rows[1][0] || got[1][1] != rows[1][1] {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	got, err := web.ReadCSV(strings.NewReader("a;b\r\n1;2,5\r\n"))
	if err != nil || len(got) != 2 || got[1][1] != "2,5" {
		t.Errorf("semicolons: %q, %v", got, err)
	}
	if _, err := web.ReadCSV(strings.NewReader("a,b\n\"open,2\n")); err == nil {
		t.Error("an open quote was read")
	}
}
