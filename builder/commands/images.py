"""``sealift images``: every image that the cluster will pull, and where each hides."""

from pathlib import Path

from builder.commands.options import EnvironmentArgument, Format, FormatOption, RootOption


def images(
    env: EnvironmentArgument, output: FormatOption = Format.table, root: RootOption = Path()
) -> int:
    """List every image that the cluster will pull.

    Those that stand in Git, and those that controllers will make. Exit code 1 when one lies
    outside, floats, or cannot be examined.

    Example: sealift images example -o list
    """
    from builder import report
    from builder.build import build
    from builder.workspace import find_overlay

    result = build(find_overlay(root, env))
    printers = {
        Format.table: report.images_table,
        Format.list: report.images_list,
        Format.json: report.images_json,
    }
    print(printers[output](result))
    if not result.references:
        report.tell(result.findings)
    return 0 if result.ships else 1
