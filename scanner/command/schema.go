package command

import (
	_ "embed" // the schemas

	"github.com/urfave/cli/v2"

	"sotomi/scanner/message"
)

// The JSON Schemas of the files that users write, made of the types by a test.
var (
	//go:embed schemas/ignore.json
	ignoreSchema []byte
	//go:embed schemas/config.json
	configSchema []byte
	//go:embed schemas/expected.json
	expectedSchema []byte
	//go:embed schemas/payment.json
	paymentSchema []byte
)

func (e *environment) schema() *cli.Command {
	printing := func(name, usage string, schema []byte) *cli.Command {
		return leaf(&cli.Command{Name: name, Usage: usage, Description: "EXAMPLES\n   sotomi schema " + name + " > " + name + ".schema.json", Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			_, err := e.stdout.Write(schema)
			return err
		}})
	}
	return &cli.Command{
		Name: "schema", Usage: "print the JSON Schema of a file, for editors", OnUsageError: usageError, Flags: []cli.Flag{langFlag()},
		Description: "EXAMPLES\n   sotomi schema ignore > ignore.schema.json\n   sotomi schema config > config.schema.json",
		Subcommands: []*cli.Command{
			printing("ignore", "print the JSON Schema of .sotomi-ignore.yaml", ignoreSchema),
			printing("expected", "print the JSON Schema of expected.yaml", expectedSchema),
			printing("payment", "print the JSON Schema of payment.yaml", paymentSchema),
			printing("config", "print the JSON Schema of sotomi.yaml", configSchema),
		},
		Action: func(c *cli.Context) error {
			return message.Errorf("schema has no command %q; there are ignore, expected, payment, config, and signatures schema for signature files", c.Args().First())
		},
	}
}
