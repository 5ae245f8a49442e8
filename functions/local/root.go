package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// cli is one use of the command line.
type cli struct {
	in       io.Reader
	out, err io.Writer

	api       string
	tokenFile string
	as        string
	json      bool
	iam       bool // sign with AWS credentials although the address is no https
	began     bool // a command's own work began: what fails now is no wrong use
}

// defaultAPI is where `up` answers when the configuration says nothing else.
const defaultAPI = "http://127.0.0.1:8710"

// run is the program without the process around it.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	c := &cli{in: in, out: out, err: errs}
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !c.began {
		var usage *usageError
		if !errors.As(err, &usage) {
			err = &usageError{err.Error()}
		}
	}
	if err != nil {
		explain(errs, err, c.json)
	}
	return statusOf(err)
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "crosswalk",
		Short: "keeps CRM and finance records in agreement",
		Long: "Crosswalk turns won deals of a CRM into customers, invoices and contracts of a finance system.\n" +
			"Exit status: 0 done, 1 failed, 2 wrong use, 3 a person must look.",
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRun: func(*cobra.Command, []string) { c.began = true }, // after flags and arguments were found right
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	flags := root.PersistentFlags()
	flags.StringVar(&c.api, "api", env("CROSSWALK_API", defaultAPI), "where the product answers")
	flags.StringVar(&c.tokenFile, "token-file", env("CROSSWALK_TOKEN_FILE", filepath.Join("data", "token")), "file of mode 0600 with NAME TOKEN a line")
	flags.StringVar(&c.as, "as", os.Getenv("CROSSWALK_AS"), "name in the token file to act as; default its first")
	flags.BoolVar(&c.iam, "iam", os.Getenv("CROSSWALK_IAM") != "", "sign with your AWS credentials; always so where --api is https")
	flags.BoolVar(&c.json, "json", false, "print JSON as the operator API answers it")
	for _, group := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"set", "From file to live:", []*cobra.Command{c.connections(), c.presets(), c.fields(), c.apply(), c.export(), c.check(), c.duplicates(), c.preview(), c.pilot(), c.accept(), c.submit(), c.approve(), c.standing(), c.save(), c.live(), c.pause(), c.resume()}},
		{"day", "Day by day:", []*cobra.Command{c.status(), c.run(), c.runs(), c.undo(), c.why(), c.errors(), c.retry(), c.erase(), c.notify(), c.reviews(), c.link(), c.unlink(), c.ignore(), c.unignore(), c.links(), c.record()}},
		{"back", "Month end and looking back:", []*cobra.Command{c.reconcile(), c.history(), c.audit(), c.usage(), c.rebuild(), c.budget()}},
		{"up", "Running it:", []*cobra.Command{c.up(), c.agent(), c.connect(), c.disconnect(), c.token(), c.settings(), c.openapi(), c.simulate(), c.demo(), c.local()}},
	} {
		root.AddGroup(&cobra.Group{ID: group.id, Title: group.title})
		for _, command := range group.commands {
			command.GroupID = group.id
			root.AddCommand(command)
		}
	}
	root.AddCommand(benchCommand(), c.journey(), c.invoke())
	root.SetHelpCommand(c.help(root))
	return root
}

// command makes a command.
func (c *cli) command(use, short string, args cobra.PositionalArgs, do func(ctx context.Context, args []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		return do(cmd.Context(), args)
	}}
}

func env(name, standard string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return standard
}
