package web

import (
	"context"
	"net/http"

	"crosswalk/internal/engine"
)

// News is what people are told.
type News interface {
	News(ctx context.Context) ([]engine.Topic, error)
	TellTest(ctx context.Context) ([]engine.Message, error)
}

// Topic is one thing that people are told of: counts, categories, refs and links, and nothing of any person.
type Topic struct {
	Event    string   `json:"event"` // connection, stop, failed, held, approval, difference
	Mapping  string   `json:"mapping,omitempty"`
	Category string   `json:"category"`
	Count    int      `json:"count"`
	Names    []string `json:"names,omitempty"` // refs, plans, versions, connections: the newest few
	Links    []string `json:"links,omitempty"`
	Command  string   `json:"command"`
}

// Told is one audience that got a message.
type Told struct {
	Audience string   `json:"audience"` // operations, business
	Mapping  string   `json:"mapping,omitempty"`
	To       []string `json:"to"`
}

func (a *api) news(r *http.Request) (any, error) {
	topics, err := a.Engine.News(r.Context())
	out := []Topic{}
	for _, t := range topics {
		out = append(out, Topic{t.Event, t.Mapping, t.Category, t.Count, t.Names, t.Links, t.Command})
	}
	return map[string][]Topic{"news": out}, err
}

// notifyBody has nothing to say yet.
type notifyBody struct{}

// notifyTest sends a test message to every audience at once.
func (a *api) notifyTest(r *http.Request) (any, error) {
	var body notifyBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	messages, err := a.Engine.TellTest(r.Context())
	if err != nil {
		return nil, err
	}
	out := []Told{}
	for _, m := range messages {
		out = append(out, Told{m.Audience, m.Mapping, append([]string{}, m.To...)})
	}
	return map[string][]Told{"told": out}, nil
}
