package salesforcetest

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// table is CSV data: a header and rows of the same width.
type table struct {
	columns []string
	rows    [][]string
}

// readTable reads CSV with the job's delimiter and line ending. The message of a
// wrong line ending is the vendor's; the others are inferred.
func readTable(data []byte, delimiter rune, ending string) (table, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if got := lineEnding(data); got != "" && got != ending {
		return table{}, errors.New("ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is " + ending)
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord = delimiter, -1
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return table{}, errors.New("InvalidBatch : the CSV has no header row")
	}
	if err != nil {
		return table{}, errors.New("InvalidBatch : " + err.Error())
	}
	t := table{columns: head}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return table{}, errors.New("InvalidBatch : " + err.Error())
		}
		if len(row) != len(head) {
			return table{}, errors.New("InvalidBatch : The number of columns in a row does not match the number of columns in the header")
		}
		t.rows = append(t.rows, row)
	}
}

// lineEnding is that of the first line, "" without one.
func lineEnding(data []byte) string {
	i := bytes.IndexByte(data, '\n')
	switch {
	case i < 0:
		return ""
	case i > 0 && data[i-1] == '\r':
		return "CRLF"
	}
	return "LF"
}

// csvWriter writes result files: every value is quoted, line ends and delimiters
// are the job's.
type csvWriter struct {
	b         strings.Builder
	delimiter string
	end       string
}

func (j *job) writer() *csvWriter {
	w := &csvWriter{delimiter: string(delimiters[j.delimiter]), end: "\n"}
	if j.ending == "CRLF" {
		w.end = "\r\n"
	}
	return w
}

// row writes quoted values.
func (w *csvWriter) row(values ...string) {
	for i, v := range values {
		if i > 0 {
			w.b.WriteString(w.delimiter)
		}
		w.b.WriteString(`"` + strings.ReplaceAll(v, `"`, `""`) + `"`)
	}
	w.b.WriteString(w.end)
}

// head writes the header of an ingest result: its own columns are quoted, the
// caller's stand as they came (recorded).
func (w *csvWriter) head(own, columns []string) {
	all := make([]string, 0, len(own)+len(columns))
	for _, c := range own {
		all = append(all, `"`+c+`"`)
	}
	for _, c := range columns {
		if strings.ContainsAny(c, w.delimiter+"\"\r\n") {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		all = append(all, c)
	}
	w.b.WriteString(strings.Join(all, w.delimiter) + w.end)
}
