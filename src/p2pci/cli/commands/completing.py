"""The command that has a shell complete the others."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from p2pci.cli.exits import ExitStatus


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> ExitStatus:
    """Print what makes a shell complete commands, flags and RFC numbers.

    \b
    bash:  eval "$(p2pci completion bash)"          in ~/.bashrc
    zsh:   eval "$(p2pci completion zsh)"           in ~/.zshrc, below compinit
    fish:  p2pci completion fish | source           in ~/.config/fish/config.fish

    It starts faster from a file that is written once:

    \b
    Example:  p2pci completion bash > ~/.local/share/bash-completion/completions/p2pci
              p2pci completion zsh > ~/.zfunc/_p2pci
              p2pci completion fish > ~/.config/fish/completions/p2pci.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click knows no completion for {shell}.")
    click.echo(kind(context.find_root().command, {}, "p2pci", "_P2PCI_COMPLETE").source())
    return ExitStatus.DONE
