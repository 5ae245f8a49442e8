package web

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode/utf8"
)

// Tables that are handed round as CSV: spreadsheets take a cell that begins like a formula for one, so such a cell gets a
// leading apostrophe on the way out, and loses exactly that apostrophe on the way in.

// formulaSigns begin what a spreadsheet may run: the ASCII signs, their full-width forms, and blanks that are skipped
// before one.
const formulaSigns = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"

// CSVCell makes a text safe as one cell. PlainCell takes back exactly what it did, for every text.
func CSVCell(text string) string {
	if sign(strings.TrimLeft(text, "'")) {
		return "'" + text
	}
	return text
}

// PlainCell gives a cell that CSVCell made its text back; other cells stay as they are.
func PlainCell(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && sign(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return cell
}

func sign(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return text != "" && strings.ContainsRune(formulaSigns, first)
}

// WriteCSV writes rows with safe cells and lines that end in CR LF (RFC 4180).
func WriteCSV(w io.Writer, rows [][]string) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	for _, row := range rows {
		safe := make([]string, len(row))
		for n, cell := range row {
			safe[n] = CSVCell(cell)
		}
		if err := out.Write(safe); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// ReadCSV reads rows that WriteCSV or a spreadsheet wrote: a byte order mark is passed over, and commas, semicolons and
// tabs are told apart by the first line. Rows may differ in length. An error names the line.
func ReadCSV(r io.Reader) ([][]string, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	plain := strings.TrimPrefix(string(text), "\ufeff")
	in := csv.NewReader(strings.NewReader(plain))
	in.FieldsPerRecord = -1
	in.Comma = separator(plain)
	rows, err := in.ReadAll()
	for _, row := range rows {
		for n, cell := range row {
			row[n] = PlainCell(cell)
		}
	}
	return rows, err
}

// separator is the sign that the first line has most of; a comma where it has none.
func separator(text string) rune {
	line, _, _ := strings.Cut(text, "\n")
	best, most := ',', strings.Count(line, ",")
	for _, sign := range ";\t" {
		if n := strings.Count(line, string(sign)); n > most {
			best, most = sign, n
		}
	}
	return best
}
