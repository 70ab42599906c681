package command

import (
	"fmt"

	"sotomi/scanner/message"

	"github.com/urfave/cli/v2"
)

// completions are scripts by shell. They ask the program itself, so they never go out of date.
var completions = map[string]string{
	"bash": `_sotomi() {
  local words
  words=("${COMP_WORDS[@]:0:$COMP_CWORD}")
  COMPREPLY=($(compgen -W "$("${words[@]}" "${COMP_WORDS[COMP_CWORD]}" --generate-bash-completion 2>/dev/null || "${words[@]}" --generate-bash-completion 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _sotomi sotomi
`,
	"zsh": `#compdef sotomi
_sotomi() {
  local -a options
  options=("${(@f)$("${words[@]:0:#words[@]-1}" "${words[-1]}" --generate-bash-completion 2>/dev/null)}")
  if [[ -n "$options[1]" ]]; then _describe 'values' options; else _files; fi
}
compdef _sotomi sotomi
if [[ "$funcstack[1]" == _sotomi ]]; then _sotomi "$@"; fi
`,
	"fish": `function __sotomi
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  string match -q -- '-*' "$current"; and set -a words $current
  $words --generate-bash-completion 2>/dev/null
end
complete -c sotomi -a '(__sotomi)'
`,
}

func (e *environment) completion() *cli.Command {
	return leaf(&cli.Command{
		Name: "completion", Usage: "print a script that completes commands and flags in a shell", ArgsUsage: "bash|zsh|fish",
		Description: "EXAMPLES\n   source <(sotomi completion bash)\n   sotomi completion zsh > ~/.zfunc/_sotomi\n   sotomi completion fish > ~/.config/fish/completions/sotomi.fish",
		Action: func(c *cli.Context) error {
			script, ok := completions[c.Args().First()]
			if !ok || c.NArg() > 1 {
				return message.Errorf("completion needs the name of a shell: bash, zsh or fish")
			}
			_, err := fmt.Fprint(e.stdout, script)
			return err
		},
	})
}
