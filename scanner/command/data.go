package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/signatures"
)

const dataHelp = `Releases, last days of support and published weaknesses are data with a date. They are compiled in; newer ones can be imported without a new program. sotomi downloads nothing: you bring the file.

The file is a bundle that is signed with a key that this sotomi was built with. It is refused unless its signature holds, all its files can be read, and none of them is older than what sotomi has. It is kept in the folder that SOTOMI_DATA names, else in sotomi/data in the folder for settings of your account, and verified again by every scan. A file that was compiled in is used again once it is newer. To go back to what was compiled in, delete data.tar there.

EXAMPLES
   sotomi data list
   sotomi data import sotomi-data.tar.gz`

func (e *environment) data() *cli.Command {
	return &cli.Command{
		Name: "data", Usage: "list data files, import newer ones", OnUsageError: usageError, Flags: []cli.Flag{langFlag()}, Description: dataHelp,
		Subcommands: []*cli.Command{
			leaf(&cli.Command{
				Name: "list", Usage: "list the sources of the data in force, the oldest first", Description: "EXAMPLES\n   sotomi data list",
				Action: func(c *cli.Context) error {
					if err := noArguments(c); err != nil {
						return err
					}
					return e.listData()
				},
			}),
			leaf(&cli.Command{
				Name: "import", Usage: "import a signed bundle of newer data", ArgsUsage: "FILE", Description: "EXAMPLES\n   sotomi data import sotomi-data.tar.gz",
				Action: func(c *cli.Context) error {
					if c.NArg() != 1 {
						return message.Errorf("data import takes one FILE; see sotomi data import --help")
					}
					return e.importData(c.Args().First())
				},
			}),
		},
		Action: func(c *cli.Context) error {
			return message.Errorf("data has no command %q; there are list, import", c.Args().First())
		},
	}
}

// useImportedData names the folder of imported data, unless it is named.
func useImportedData() {
	if os.Getenv(checks.DataVariable) != "" {
		return
	}
	if folder, err := os.UserConfigDir(); err == nil {
		_ = os.Setenv(checks.DataVariable, filepath.Join(folder, "sotomi", "data")) // without it there are none
	}
}

// dataInForce are the sources of the data, the oldest first. That imported data are not used is a notice.
func (e *environment) dataInForce() []scanner.Data {
	files, err := checks.Data(signatures.FS)
	e.dataNotUsed(err)
	list := make([]scanner.Data, 0, len(files))
	for _, f := range files {
		list = append(list, f.Data)
	}
	return list
}

// datesOf are the files of data with their dates.
func datesOf(list []scanner.Data) string {
	var dates []string
	for _, d := range list {
		dates = append(dates, d.Name+" "+d.Date)
	}
	return strings.Join(dates, ", ")
}

func (e *environment) dataNotUsed(err error) {
	if err != nil {
		e.notice(message.New("the imported data are not used, but those that were compiled in: %v", err))
	}
}

func (e *environment) listData() error {
	files, err := checks.Data(signatures.FS)
	e.dataNotUsed(err)
	width := 0
	for _, f := range files {
		width = max(width, len(f.Name))
	}
	for _, f := range files {
		source := f.Source
		if f.Imported {
			source = e.words.Text(message.New("%s (imported)", source))
		}
		if _, err := fmt.Fprintf(e.stdout, "%s  %-*s  %s\n", f.Date, width, f.Name, message.Line(source)); err != nil {
			return err
		}
	}
	return nil
}

func (e *environment) importData(name string) error {
	folder := os.Getenv(checks.DataVariable)
	if folder == "" {
		return message.Errorf("there is no folder for settings of your account; name a folder for data with the variable SOTOMI_DATA")
	}
	f, err := openFile(name)
	if err != nil {
		return message.Errorf("data import: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	if err := checks.ImportData(signatures.FS, folder, f); err != nil {
		return message.Errorf("%s was not imported: %w", name, err)
	}
	_, err = fmt.Fprintln(e.stdout, message.Printable(e.words.Text(message.New("%s was imported into %s; sotomi data list names the data in force", name, folder))))
	return err
}
