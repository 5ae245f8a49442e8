package lighttest

import (
	"net/http"
	"time"
)

// pdf is an invoice's document.
type pdf struct {
	ID                  string `json:"id"`
	InvoiceReceivableID string `json:"invoiceReceivableId"`
	Status              string `json:"status"`
	URL                 Text   `json:"url"`
	CreatedAt           Stamp  `json:"createdAt"`
	UpdatedAt           Stamp  `json:"updatedAt"`

	signature string
	until     time.Time
}

const (
	documentDelay = 2 * time.Second  // how long a PDF is GENERATING
	documentLife  = 10 * time.Minute // how long its signed address is good
)

// invoiceDocument answers the document's state; each call when READY signs a fresh address.
func (s *Sim) invoiceDocument(c *call) (any, *failure) {
	v := s.invoices.get(c.vars["invoiceReceivableId"])
	if v == nil {
		return gone("Invoice receivable")
	}
	doc, ok := s.documents[v.ID]
	if !ok {
		doc = pdf{ID: s.newID("document"), InvoiceReceivableID: v.ID, Status: "GENERATING", CreatedAt: stampOf(c.now)}
	}
	doc.UpdatedAt, doc.URL = stampOf(c.now), ""
	if c.now.Sub(doc.CreatedAt.Time) >= documentDelay {
		doc.Status, doc.signature, doc.until = "READY", s.newSecret("signature"), c.now.Add(documentLife)
		doc.URL = Text(c.origin() + "/files/" + doc.ID + "?signature=" + doc.signature)
	}
	s.documents[v.ID] = doc
	return doc, nil
}

// download serves what a signed address names, to anyone who has the address.
func (s *Sim) download(c *call) (any, *failure) {
	for _, doc := range s.documents {
		if doc.ID == c.vars["documentId"] && doc.signature != "" && doc.signature == c.request.URL.Query().Get("signature") && c.now.Before(doc.until) {
			return reply{status: http.StatusOK, media: "application/pdf", raw: []byte("%PDF-1.4\n% invoice " + doc.InvoiceReceivableID + "\n%%EOF\n")}, nil
		}
	}
	return nil, gateway(http.StatusForbidden, "FORBIDDEN", "The address is wrong or no longer good")
}
