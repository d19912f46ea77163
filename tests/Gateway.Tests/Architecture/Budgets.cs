using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace BlazeGateway.Tests.Architecture;

/// <summary>The house's limits on source text. Each check gives one line per breach, which names the place, the number and the limit.</summary>
internal static partial class Budgets
{
    public const int FileLines = 400;
    public const int ProgramLines = 80;
    public const int MethodLines = 60;
    public const int Parameters = 6;
    public const int Folders = 9;
    public const double CommentShare = 0.08;

    /// <summary>A file may have this many comment lines however short it is.</summary>
    public const int FreeCommentLines = 2;

    private static readonly string[] Suffixes = ["Manager", "Helper", "Helpers", "Util", "Utils", "Service", "Processor", "Info", "Base", "Impl", "Common"];

    public static IEnumerable<string> LongFiles(SourceFile file)
    {
        var limit = System.IO.Path.GetFileName(file.Path) == "Program.cs" ? ProgramLines : FileLines;
        if (file.LineCount > limit)
        {
            yield return $"{file.Path} has {file.LineCount} lines; at most {limit}";
        }
    }

    public static IEnumerable<string> LongMethods(SourceFile file) =>
        from node in file.Syntax.DescendantNodes()
        where node is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or LocalFunctionStatementSyntax or PropertyDeclarationSyntax { ExpressionBody: not null }
        let lines = SourceFile.Lines(node)
        where lines > MethodLines
        select $"{file.At(node)} is a method of {lines} lines; at most {MethodLines}";

    /// <summary>Positional records are left out: their parameters are the data they hold, not what they depend on.</summary>
    public static IEnumerable<string> WideConstructors(SourceFile file) =>
        from node in file.Syntax.DescendantNodes()
        let parameters = node switch
        {
            ConstructorDeclarationSyntax constructor => constructor.ParameterList.Parameters.Count,
            ClassDeclarationSyntax or StructDeclarationSyntax => ((TypeDeclarationSyntax)node).ParameterList?.Parameters.Count ?? 0,
            _ => 0,
        }
        where parameters > Parameters
        select $"{file.At(node)} is a constructor with {parameters} parameters; at most {Parameters}";

    public static IEnumerable<string> ManyComments(SourceFile file)
    {
        var lines = file.Syntax.DescendantTrivia()
            .Where(trivia => trivia.IsKind(SyntaxKind.SingleLineCommentTrivia) || trivia.IsKind(SyntaxKind.MultiLineCommentTrivia))
            .Sum(trivia => trivia.ToString().AsSpan().Count('\n') + 1);
        if (lines > Math.Max(FreeCommentLines, CommentShare * file.LineCount))
        {
            yield return $"{file.Path} has {lines} comment lines in {file.LineCount}; at most {CommentShare:P0}";
        }
    }

    public static IEnumerable<string> Leftovers(SourceFile file)
    {
        foreach (Match match in Leftover().Matches(file.Text))
        {
            yield return $"{file.Path}:{file.Text.AsSpan(0, match.Index).Count('\n') + 1} says {match.Value}";
        }
    }

    public static IEnumerable<string> EmptyNames(SourceFile file) =>
        from type in file.Syntax.DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
        let suffix = Array.Find(Suffixes, suffix => type.Identifier.Text.EndsWith(suffix, StringComparison.Ordinal))
        where suffix is not null
        select $"{file.At(type)} is called {type.Identifier.Text}; a name that ends in {suffix} says nothing";

    /// <summary><paramref name="project"/> is the project's folder (<c>src/Gateway</c>), <paramref name="space"/> its root namespace.</summary>
    public static IEnumerable<string> StrayNamespaces(SourceFile file, string project, string space)
    {
        var folder = System.IO.Path.GetDirectoryName(file.Path)!.Replace('\\', '/')[project.Length..].Replace('/', '.');
        return from node in file.Syntax.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
               where node.Name.ToString() != space + folder
               select $"{file.Path} declares {node.Name}; its folder says {space + folder}";
    }

    public static IEnumerable<string> ManyFolders(string project, IEnumerable<SourceFile> files)
    {
        var folders = files.Select(file => file.Path[(project.Length + 1)..].Split('/')).Where(parts => parts.Length > 1).Select(parts => parts[0]).Distinct(StringComparer.Ordinal).ToList();
        if (folders.Count > Folders)
        {
            yield return $"{project} has {folders.Count} folders ({string.Join(", ", folders)}); at most {Folders}";
        }
    }

    [GeneratedRegex(@"\bTO" + @"DO\b|\bFIX" + @"ME\b|\bHA" + @"CK\b|NotImplemented" + @"Exception|^\s*#reg" + "ion", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Leftover();
}
