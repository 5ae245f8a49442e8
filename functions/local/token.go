package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

// newToken makes a token that nobody can guess.
func newToken() string {
	raw := make([]byte, tokenBytes)
	rand.Read(raw) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// token keeps the people of a token file. It works on the file itself, with no product running.
func (c *cli) token() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "who may use the operator API: token add NAME, token list, token remove NAME"}
	cmd.AddCommand(
		c.command("add NAME", "make a token for one more person; their name stands in every record of what they do", cobra.ExactArgs(1), func(_ context.Context, args []string) error {
			file := web.TokenFile{Path: c.tokenFile}
			one := web.Token{Name: args[0], Token: newToken()}
			if err := file.Add(one); err != nil {
				return wrongUse("%v", err)
			}
			if c.json {
				return c.printJSON(map[string]string{"name": one.Name, "file": c.tokenFile})
			}
			fmt.Fprintf(c.out, "%s may use the operator API: the token is in %s; use it with --as %s, or copy their line into a file of their own\n", one.Name, c.tokenFile, one.Name)
			return nil
		}),
		c.command("list", "the names in the token file", cobra.NoArgs, func(context.Context, []string) error {
			tokens, err := web.TokenFile{Path: c.tokenFile}.Tokens()
			if err != nil {
				return wrongUse("%v", err)
			}
			names := []string{}
			for _, t := range tokens {
				names = append(names, t.Name)
			}
			if c.json {
				return c.printJSON(map[string][]string{"names": names})
			}
			for _, name := range names {
				fmt.Fprintln(c.out, name)
			}
			return nil
		}),
		c.command("remove NAME", "take a person's token away; it counts at once", cobra.ExactArgs(1), func(_ context.Context, args []string) error {
			if err := (web.TokenFile{Path: c.tokenFile}).Remove(args[0]); err != nil {
				return wrongUse("%v", err)
			}
			if c.json {
				return c.printJSON(map[string]string{"removed": args[0]})
			}
			fmt.Fprintf(c.out, "%s may not use the operator API any more\n", args[0])
			return nil
		}),
	)
	return cmd
}
