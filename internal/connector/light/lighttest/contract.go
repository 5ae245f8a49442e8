package lighttest

import (
	"net/http"
	"slices"
	"time"
)

// Contract is one contract as GET /v1/contracts/{id} answers it. In lists Lines is null.
type Contract struct {
	ID                 string         `json:"id"`
	CompanyID          string         `json:"companyId"`
	StartDate          Text           `json:"startDate"`
	EndDate            Text           `json:"endDate"`
	ActivatedAt        Stamp          `json:"activatedAt"`
	TerminatedAt       Stamp          `json:"terminatedAt"`
	TerminationReason  Text           `json:"terminationReason"`
	RenewalDate        Text           `json:"renewalDate"`
	CompanyEntityID    Text           `json:"companyEntityId"`
	InvoiceTemplateID  Text           `json:"invoiceTemplateId"`
	Currency           string         `json:"currency"`
	EstimatedAmount    *int64         `json:"estimatedAmount"`
	PaymentType        Text           `json:"paymentType"`
	PayeeBankAccountID Text           `json:"payeeBankAccountId"`
	BillingStart       Text           `json:"billingStart"`
	NetTerms           *int64         `json:"netTerms"`
	InvoiceLeadDays    *int64         `json:"invoiceLeadDays"`
	Description        Text           `json:"description"`
	CustomerID         Text           `json:"customerId"`
	State              string         `json:"state"`
	AreLinesWithTax    bool           `json:"areLinesWithTax"`
	Lines              []ContractLine `json:"lines"`
	TaxEngineName      string         `json:"taxEngineName"`
	ExternalID         Text           `json:"externalId"`
	ExternalSource     Text           `json:"externalSource"` // HUBSPOT, SALESFORCE
	CustomProperties   Properties     `json:"customProperties"`
	CreatedAt          Stamp          `json:"createdAt"`
	UpdatedAt          Stamp          `json:"updatedAt"`

	endsOn Text           // the day a PENDING_TERMINATION ends on
	billed map[string]int // periods invoiced, by line; copied on change
}

// The states of a contract. Draft is shared with invoices: a person who edits a CREATED contract leaves it in DRAFT.
const (
	Created            = "CREATED"
	Active             = "ACTIVE"
	PendingTermination = "PENDING_TERMINATION"
	Terminated         = "TERMINATED"
)

var contractHeader = shape{
	uuid("companyEntityId").required(), date("startDate").orNull(), date("endDate").orNull(), uuid("invoiceTemplateId").orNull(),
	currency("currency").orNull(), integer("estimatedAmount").orNull(), date("renewalDate").orNull(), enum("paymentType", paymentTypes).orNull(),
	uuid("payeeBankAccountId").orNull(), integer("netTerms").orNull(), integer("invoiceLeadDays").orNull(), date("billingStart").orNull(),
	text("description").orNull(), uuid("customerId").orNull(), boolean("areLinesWithTax"), setProperty,
}

var createContractShape = append(slices.Clone(contractHeader), list("lines", object("", contractLineShape)).orNull())

// updateContractShape has no lines: they have calls of their own.
var updateContractShape = contractHeader.update("companyEntityId", "currency")

// whileActive are the fields that may change after publishing (?).
var whileActive = []string{"description", "customProperties", "renewalDate", "estimatedAmount", "invoiceTemplateId", "payeeBankAccountId", "paymentType"}

func (s *Sim) applyContract(body fields, to *Contract) *failure {
	body.setText("companyEntityId", &to.CompanyEntityID)
	body.setText("startDate", &to.StartDate)
	body.setText("endDate", &to.EndDate)
	body.setText("renewalDate", &to.RenewalDate)
	body.setText("billingStart", &to.BillingStart)
	body.setText("invoiceTemplateId", &to.InvoiceTemplateID)
	body.setText("paymentType", &to.PaymentType)
	body.setText("payeeBankAccountId", &to.PayeeBankAccountID)
	body.setText("description", &to.Description)
	body.setText("customerId", &to.CustomerID)
	body.setInt("estimatedAmount", &to.EstimatedAmount)
	body.setInt("netTerms", &to.NetTerms)
	body.setInt("invoiceLeadDays", &to.InvoiceLeadDays)
	body.setBool("areLinesWithTax", &to.AreLinesWithTax, true)
	if bad := s.checkReferences(to.CompanyEntityID, to.PayeeBankAccountID, body.text("customerId")); bad != nil {
		return bad
	}
	if c := body.text("currency"); c != "" {
		to.Currency = string(c)
	}
	if to.Currency == "" {
		to.Currency = s.entity(string(to.CompanyEntityID)).LocalCurrency // (?)
	}
	for name, days := range map[string]*int64{"netTerms": to.NetTerms, "invoiceLeadDays": to.InvoiceLeadDays} {
		if days != nil && (*days < 0 || *days > maxTerms) {
			return badRequest(name, "must be from 0 to %d", maxTerms)
		}
	}
	if to.StartDate != "" && to.EndDate != "" && to.EndDate < to.StartDate {
		return unprocessable("endDate", "must not be before startDate")
	}
	return s.setProperties(body, "CONTRACT", "HEADER", &to.CustomProperties)
}

func (s *Sim) createContract(c *call) (any, *failure) {
	body, bad := c.read(createContractShape, false)
	if bad != nil {
		return nil, bad
	}
	at, terms, lead := stampOf(c.now), int64(30), int64(0)
	v := &Contract{CompanyID: s.company.ID, State: Created, TaxEngineName: "LIGHT", AreLinesWithTax: true, NetTerms: &terms,
		InvoiceLeadDays: &lead, CustomProperties: Properties{}, CreatedAt: at, UpdatedAt: at, billed: map[string]int{}}
	if bad := s.applyContract(body, v); bad != nil {
		return nil, bad
	}
	for n, raw := range body.list("lines") {
		line, bad := s.newContractLine(raw.(fields), v, c.now)
		if bad != nil {
			return nil, bad.within(lineAt(n))
		}
		v.Lines = append(v.Lines, *line)
	}
	if bad := s.checkPrices(v); bad != nil {
		return nil, bad
	}
	v.ID = s.newID("contract")
	for n := range v.Lines {
		v.Lines[n].ContractID = v.ID
	}
	s.contracts.add(v.ID, v, c.now)
	return s.viewContract(v), nil
}

func (s *Sim) updateContract(c *call) (any, *failure) {
	body, bad := c.read(updateContractShape, false)
	if bad != nil {
		return nil, bad
	}
	return s.changeContract(c, func(v *Contract) *failure {
		if !v.editable() {
			for name := range body {
				if v.State == Terminated || !slices.Contains(whileActive, name) {
					return conflict("%s cannot be changed in state %s", name, v.State)
				}
			}
		}
		if bad := s.applyContract(body, v); bad != nil {
			return bad
		}
		return s.checkPrices(v)
	})
}

func (k *Contract) editable() bool { return k.State == Created || k.State == Draft }

// deleteContract allows CREATED and DRAFT only (?).
func (s *Sim) deleteContract(c *call) (any, *failure) {
	v := s.contracts.get(c.vars["contractId"])
	if v == nil {
		return gone("Contract")
	}
	if !v.editable() {
		return nil, conflict("a contract in state %s cannot be deleted", v.State)
	}
	s.contracts.remove(v.ID)
	return reply{status: http.StatusNoContent}, nil
}

func (s *Sim) changeContract(c *call, edit func(*Contract) *failure) (any, *failure) {
	next, bad := s.editContract(c.vars["contractId"], c.now, edit)
	if bad != nil {
		return nil, bad
	}
	return s.viewContract(next), nil
}

func (s *Sim) editContract(id string, now time.Time, edit func(*Contract) *failure) (*Contract, *failure) {
	old := s.contracts.get(id)
	if old == nil {
		return nil, notFound("Contract")
	}
	next := old.copy()
	if bad := edit(next); bad != nil {
		return nil, bad
	}
	next.UpdatedAt = old.UpdatedAt.after(now)
	s.contracts.put(id, next, now)
	return next, nil
}

func (k *Contract) copy() *Contract {
	out := *k
	out.Lines = slices.Clone(k.Lines)
	out.CustomProperties = slices.Clone(k.CustomProperties)
	out.billed = map[string]int{}
	for line, n := range k.billed {
		out.billed[line] = n
	}
	return &out
}
