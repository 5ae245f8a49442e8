package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

// connecting is what the flags of connect say.
type connecting struct {
	key                          bool
	keyFile, webhook, client, to string
	replace, force               bool
}

func (c *cli) connect() *cobra.Command {
	var f connecting
	cmd := c.command("connect CONNECTION", "connect an account: a link to agree at, a key with --key, an app's files with --app-files", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		path := "/connections/" + url.PathEscape(args[0])
		switch {
		case f.to != "":
			return c.writeApp(ctx, api, path, f)
		case f.key || f.keyFile != "" || f.webhook != "" && f.client == "":
			return c.handOver(ctx, api, path, args[0], f)
		}
		return c.invite(ctx, api, path, f)
	})
	flags := cmd.Flags()
	flags.BoolVar(&f.key, "key", false, "read a private token or API key from standard input, where no shell history sees it")
	flags.StringVar(&f.keyFile, "key-file", "", "read the key from this file instead")
	flags.StringVar(&f.webhook, "webhook-secret-file", "", "file with the secret of webhook signatures, newest first while one is being changed")
	flags.StringVar(&f.client, "client-file", "", "file with client id and client secret of the OAuth app that asks; kept for the next time")
	flags.BoolVar(&f.replace, "replace", false, "take another account than the one that is bound; only while nothing is kept of that one's records")
	flags.StringVar(&f.to, "app-files", "", "write the files of an app into this folder: the scopes that the mappings need, this deployment's addresses")
	flags.BoolVar(&f.force, "force", false, "with --app-files: write over files that are there and differ")
	return cmd
}

// invite prints the link to a person's consent.
func (c *cli) invite(ctx context.Context, api *client, path string, f connecting) error {
	body := map[string]any{"replace": f.replace}
	if f.client != "" {
		words, err := wordsIn("--client-file", f.client)
		if err != nil {
			return err
		}
		if len(words) != 2 {
			return wrongUse("--client-file: write the client id and the client secret, separated by a space or a line break")
		}
		body["client_id"], body["client_secret"] = words[0], words[1]
	}
	if f.webhook != "" {
		words, err := wordsIn("--webhook-secret-file", f.webhook)
		if err != nil {
			return err
		}
		body["webhook_secrets"] = words
	}
	link, err := post[web.Invitation](ctx, api, path+"/connect", body)
	if err != nil || c.json {
		return c.either(err, link)
	}
	fmt.Fprintf(c.out, "open this link in the browser in which you are signed in at %s as somebody who may connect apps:\n\n  %s\n\nit is good once, until %s; hand it to nobody else\nthe app %s must have exactly\n  redirect address  %s\n",
		link.System, link.Link, shortTime(link.Expires), link.Client, link.Redirect)
	if len(link.Scopes) > 0 {
		fmt.Fprintf(c.out, "  scopes            %s\n", strings.Join(link.Scopes, " "))
	}
	return nil
}

// handOver sends a key, or webhook secrets alone.
func (c *cli) handOver(ctx context.Context, api *client, path, name string, f connecting) error {
	body := map[string]any{"replace": f.replace}
	if f.client != "" {
		return wrongUse("--client-file goes with a link, --key with a key: choose one")
	}
	if f.webhook != "" {
		words, err := wordsIn("--webhook-secret-file", f.webhook)
		if err != nil {
			return err
		}
		body["webhook_secrets"] = words
	}
	if f.key || f.keyFile != "" {
		key, err := c.keyOf(name, f)
		if err != nil {
			return err
		}
		body["key"] = key
	}
	opened, err := post[web.Opened](ctx, api, path+"/credential", body)
	if err != nil || c.json {
		return c.either(err, opened)
	}
	if body["key"] == nil {
		fmt.Fprintf(c.out, "%s has its webhook secrets; webhooks go to %s\n", opened.Connection, opened.Webhook)
		return nil
	}
	bound := ""
	if opened.First {
		bound = "; the connection is bound to it from now on"
	}
	if !opened.Production {
		bound = ", which is a sandbox or a test account" + bound
	}
	fmt.Fprintf(c.out, "%s is connected: account %s%s\nsee what it may do: crosswalk check; webhooks go to %s\n", opened.Connection, plain(strings.TrimSpace(opened.Account+" "+opened.Label)), bound, opened.Webhook)
	return nil
}

// maxKey bounds what connect reads: far more than any vendor's key.
const maxKey = 16 << 10

// keyOf reads a key from a file, or from standard input. It is not typed: what is typed stands on the screen.
func (c *cli) keyOf(name string, f connecting) (string, error) {
	if f.keyFile != "" {
		words, err := wordsIn("--key-file", f.keyFile)
		if err != nil {
			return "", err
		}
		if words[0] == "-----BEGIN" { // a private key in PEM has lines
			text, err := os.ReadFile(f.keyFile)
			return strings.TrimSpace(string(text)), err
		}
		if len(words) != 1 {
			return "", wrongUse("--key-file: there must be one key in it, and nothing else")
		}
		return words[0], nil
	}
	if file, ok := c.in.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return "", wrongUse("standard input is a terminal, where a key would stand on the screen: send it from a file (crosswalk connect %s --key < KEYFILE) or from a password manager (PROGRAM | crosswalk connect %s --key)", name, name)
		}
	}
	raw, err := io.ReadAll(io.LimitReader(c.in, maxKey+1))
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(raw))
	if key == "" || len(raw) > maxKey {
		return "", wrongUse("send the key, and nothing else, on standard input: crosswalk connect %s --key < KEYFILE", name)
	}
	return key, nil
}

// wordsIn reads the words of a small file.
func wordsIn(flag, path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, wrongUse("%s: %v", flag, err)
	}
	words := strings.Fields(string(text))
	if len(words) == 0 || len(text) > maxKey {
		return nil, wrongUse("%s: %s is empty, or no file of secrets", flag, path)
	}
	return words, nil
}

// writeApp writes the files of an app; it writes none where one would go over something else.
func (c *cli) writeApp(ctx context.Context, api *client, path string, f connecting) error {
	if f.key || f.keyFile != "" || f.client != "" || f.webhook != "" {
		return wrongUse("--app-files writes files and takes no credential: give it alone")
	}
	app, err := post[web.AppFiles](ctx, api, path+"/app", map[string]any{})
	if err != nil {
		return err
	}
	for _, file := range app.Files {
		if !filepath.IsLocal(filepath.FromSlash(file.Path)) {
			return fmt.Errorf("the answer names the file %q, which lies outside the folder", file.Path)
		}
		old, err := os.ReadFile(filepath.Join(f.to, filepath.FromSlash(file.Path)))
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return wrongUse("--app-files: %v", err)
		case err == nil && !f.force && !bytes.Equal(old, []byte(file.Text)):
			return wrongUse("%s is there and differs; nothing was written: look at it, then --force", filepath.Join(f.to, file.Path))
		}
	}
	for _, file := range app.Files {
		to := filepath.Join(f.to, filepath.FromSlash(file.Path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, []byte(file.Text), 0o644)); err != nil {
			return wrongUse("--app-files: %v", err)
		}
	}
	if c.json {
		return c.printJSON(app)
	}
	for _, file := range app.Files {
		fmt.Fprintln(c.out, filepath.Join(f.to, file.Path))
	}
	fmt.Fprintf(c.out, "scopes: %s\nwebhooks go to %s\n", strings.Join(app.Scopes, " "), app.Webhook)
	if app.Redirect != "" {
		fmt.Fprintf(c.out, "redirect address: %s\n", app.Redirect)
	}
	fmt.Fprintln(c.out, "next:")
	for n, step := range app.Next {
		fmt.Fprintf(c.out, "  %d. %s\n", n+1, step)
	}
	return nil
}
