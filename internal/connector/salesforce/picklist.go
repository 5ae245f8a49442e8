package salesforce

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"

	"crosswalk/internal/connector"
)

// picklist gives all values of a picklist, inactive ones too, as the describe has them. Which of them a record type leaves is not
// in it (fact sheet 5).
func (c *Connector) picklist(ctx context.Context, op, name string) ([]connector.Row, error) {
	path, ok := strings.CutPrefix(name, "picklist:")
	object, field, dotted := strings.Cut(path, ".")
	if !ok || !dotted {
		return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "no such table"}
	}
	known, err := c.object(op, object)
	if err != nil {
		return nil, err
	}
	s, err := c.schema(ctx, op, known)
	if err != nil {
		return nil, err
	}
	p, ok := s.field(field)
	if !ok || p.kind() != "enum" && p.kind() != "multi" {
		return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "no such picklist that our user may see", Fields: []string{field}}
	}
	var rows []connector.Row
	for _, v := range p.Values {
		rows = append(rows, connector.Row{Key: v.Value, Label: v.Label, Attrs: map[string]string{"active": strconv.FormatBool(v.Active),
			"default": strconv.FormatBool(v.Default), "restricted": strconv.FormatBool(p.Restricted), "controller": p.Controller}})
	}
	return keyed(rows), nil
}

// places gives the countries or states of the org's picklists, which are the same for every address.
func (c *Connector) places(ctx context.Context, op, name string) ([]connector.Row, error) {
	s, err := c.schema(ctx, op, "Account")
	if err != nil {
		return nil, err
	}
	countries, on := s.field("BillingCountryCode")
	states, _ := s.field("BillingStateCode")
	if !on {
		return nil, nil
	}
	var rows []connector.Row
	if name == "countries" {
		for _, v := range countries.Values {
			rows = append(rows, connector.Row{Key: v.Value, Label: v.Label, Attrs: map[string]string{"active": strconv.FormatBool(v.Active)}})
		}
		return keyed(rows), nil
	}
	for _, v := range states.Values {
		for i, country := range countries.Values {
			if v.validFor(i) {
				rows = append(rows, connector.Row{Key: country.Value + "-" + v.Value, Label: v.Label,
					Attrs: map[string]string{"country": country.Value, "code": v.Value, "active": strconv.FormatBool(v.Active)}})
			}
		}
	}
	return rows, nil
}

// validFor tells whether a dependent value goes with the controlling field's value at a place: bit 7 of the first byte is the first.
func (v pick) validFor(i int) bool {
	bits, err := base64.StdEncoding.DecodeString(v.ValidFor)
	return err == nil && i/8 < len(bits) && bits[i/8]&(0x80>>(i%8)) != 0
}
