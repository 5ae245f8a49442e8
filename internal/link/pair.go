package link

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// One side of a pair is a digest. Of a list of references to other records (the people of a deal) it also says which of them had no
// counterpart when it was settled, so that they were not carried over: such a side stays settled as long as it reads the same, and when
// one of those is linked, that one is still to come (B12). It is written behind the digest: "0123456789abcdef|89abcd,f01234". A program
// that does not know of this takes such a side for a changed one and compares it anew.
const (
	leftMark = "|"
	leftSep  = ","
)

// Side puts a digest and the marks of what was left out together.
func Side(digest string, left []string) string {
	if len(left) == 0 {
		return digest
	}
	left = slices.Clone(left)
	slices.Sort(left)
	return digest + leftMark + strings.Join(slices.Compact(left), leftSep)
}

// Shown is the digest of a side alone.
func Shown(side string) string {
	digest, _, _ := strings.Cut(side, leftMark)
	return digest
}

// LeftOut are the marks of what a side left out.
func LeftOut(side string) []string {
	_, left, ok := strings.Cut(side, leftMark)
	if !ok {
		return nil
	}
	return strings.Split(left, leftSep)
}

// ShownAs is a side that reads otherwise now and still leaves out what it left out.
func ShownAs(digest, side string) string { return Side(digest, LeftOut(side)) }

// Told is about when the audit trail last told of something done to the pair: the time that its page names, which is when the batch of
// work began. Zero where it names none.
func (l *Link) Told() time.Time {
	_, batch, ok := strings.Cut(l.Page, "|")
	if !ok {
		batch = l.Page
	}
	begins, _, _ := strings.Cut(batch, "-")
	ms, err := strconv.ParseInt(begins, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
