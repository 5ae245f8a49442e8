package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"crosswalk/internal/app"
	"crosswalk/internal/app/mailbox"
	"crosswalk/internal/reach"
	"crosswalk/internal/web"
)

// agentFile is what an agent is told. Paths in it are below its own folder.
type agentFile struct {
	Connection string      `yaml:"connection"` // as the product's configuration names it
	Base       string      `yaml:"base"`       // the server, as it is seen from here: http://127.0.0.1:5501
	Host       string      `yaml:"host"`       // as the product's base writes it; default that of base
	KeyFile    string      `yaml:"key_file"`   // of crosswalk agent key
	Journal    string      `yaml:"journal"`    // what was begun; default agent.journal
	CAFile     string      `yaml:"ca_file"`    // the authority of the server's certificate, in PEM, where it is not a public one
	Product    string      `yaml:"product"`    // where the product answers, where there are no queues
	Queue      agentQueue  `yaml:"queue"`      // on AWS: outputs of the stack
	Allow      []agentRule `yaml:"allow"`      // default: GET, POST, PUT and DELETE below /api/
	AtOnce     int         `yaml:"at_once"`    // requests under way at the server; default 4

	folder string
}

type agentQueue struct {
	Region   string `yaml:"region"`
	Requests string `yaml:"requests"`
	Answers  string `yaml:"answers"`
}

type agentRule struct {
	Methods []string `yaml:"methods"`
	Prefix  string   `yaml:"prefix"`
}

func (c *cli) agent() *cobra.Command {
	config := ""
	cmd := c.command("agent", "stand beside a server inside a network and carry requests to it; it only calls out", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if config == "" {
			return wrongUse("name the agent's file with --config FILE; crosswalk help salespad says what is in it")
		}
		f, err := readAgentFile(config)
		if err != nil {
			return wrongUse("%s: %v", config, err)
		}
		return c.stand(ctx, f)
	})
	cmd.Flags().StringVar(&config, "config", "", "the agent's file (YAML)")
	cmd.AddCommand(c.agentKey())
	return cmd
}

func readAgentFile(path string) (agentFile, error) {
	var f agentFile
	text, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return f, err
	}
	f.folder = filepath.Dir(path)
	if f.Journal == "" {
		f.Journal = "agent.journal"
	}
	var errs []error
	for _, one := range []struct {
		bad  bool
		says string
	}{
		{f.Connection == "", "connection: missing; write its name in the product's configuration"},
		{f.KeyFile == "", "key_file: missing; make one with crosswalk agent key CONNECTION --file FILE"},
		{(f.Product == "") == (f.Queue == agentQueue{}), "product, queue: write one of them: where the product answers, or the queues that the stack made"},
		{f.Queue != agentQueue{} && (f.Queue.Region == "" || f.Queue.Requests == "" || f.Queue.Answers == ""), "queue: write region, requests and answers, as the stack's outputs say"},
	} {
		if one.bad {
			errs = append(errs, errors.New(one.says))
		}
	}
	return f, errors.Join(errs...)
}

func (f agentFile) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(f.folder, name)
}

// stand runs the agent until it is told to stop.
func (c *cli) stand(ctx context.Context, f agentFile) error {
	text, err := os.ReadFile(f.path(f.KeyFile))
	if err != nil {
		return wrongUse("key_file: %v", err)
	}
	keys, err := reach.ParseKeys(string(text))
	if err != nil {
		return wrongUse("key_file: %v", err)
	}
	mail, err := f.mail(ctx, keys[0])
	if err != nil {
		return err
	}
	journal, err := reach.OpenJournal(f.path(f.Journal))
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(c.err, nil))
	config := reach.AgentConfig{Connection: f.Connection, Keys: keys, Mail: mail, Journal: journal, Base: f.Base, Host: f.Host, AtOnce: f.AtOnce, Log: log}
	for _, r := range f.Allow {
		config.Allow = append(config.Allow, reach.Rule(r))
	}
	if f.CAFile != "" {
		pem, err := os.ReadFile(f.path(f.CAFile))
		if err != nil || !x509.NewCertPool().AppendCertsFromPEM(pem) {
			return errors.Join(wrongUse("ca_file: there is no certificate in PEM"), journal.Close())
		}
		config.Transport = app.Trusting(string(pem))
	}
	a, err := reach.NewAgent(config)
	if err != nil {
		return errors.Join(wrongUse("%v", err), journal.Close())
	}
	fmt.Fprintf(c.out, "the agent of %s carries requests to %s; it opens no port\n", f.Connection, f.Base)
	a.Run(ctx)
	return journal.Close()
}

func (f agentFile) mail(ctx context.Context, key reach.Key) (reach.Mail, error) {
	if f.Product != "" {
		call, err := reach.NewCall(f.Product, f.Connection, key, nil)
		if err != nil {
			return nil, wrongUse("%v", err)
		}
		return call, nil
	}
	client, err := mailbox.Client(ctx, f.Queue.Region)
	if err != nil {
		return nil, err
	}
	return mailbox.Agent(client, f.Queue.Requests, f.Queue.Answers), nil
}

// agentKey makes the key that product and agent share, and hands it over to the product.
func (c *cli) agentKey() *cobra.Command {
	file := ""
	cmd := c.command("key CONNECTION", "make the key that the product and an agent share: into a file for the agent, and to the product", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if file == "" {
			return wrongUse("name the file for the agent with --file FILE")
		}
		api, err := c.client()
		if err != nil {
			return err
		}
		key := reach.NewKey().Text()
		old, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return wrongUse("--file: %v", err)
		}
		text := key + "\n"
		if before := strings.Fields(string(old)); len(before) > 0 { // until the product has the new one everywhere
			text += before[0] + "\n"
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return wrongUse("--file: %v", err)
		}
		opened, err := post[web.Opened](ctx, api, "/connections/"+url.PathEscape(args[0])+"/credential", map[string]any{"webhook_secrets": []string{key}})
		if err != nil || c.json {
			return c.either(err, opened)
		}
		fmt.Fprintf(c.out, "%s has the agent's key; give the agent the file %s, which is a secret, and start it: crosswalk agent --config FILE\n", opened.Connection, file)
		return nil
	})
	cmd.Flags().StringVar(&file, "file", "", "file of the key; where one is there, the new key is put before it")
	return cmd
}
