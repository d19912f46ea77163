using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace BlazeGateway.Tests.Architecture;

/// <summary>One file: its path from the root, with forward slashes, and its syntax.</summary>
internal sealed class SourceFile(string path, string text)
{
    private readonly Lazy<SyntaxNode> _syntax = new(() =>
        CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Preview, DocumentationMode.Parse)).GetRoot());

    public string Path { get; } = path;

    public string Text { get; } = text;

    public SyntaxNode Syntax => _syntax.Value;

    public int LineCount => Text.Length == 0 ? 0 : Text.AsSpan().Count('\n') + (Text.EndsWith('\n') ? 0 : 1);

    /// <summary>Lines the node's own text covers.</summary>
    public static int Lines(SyntaxNode node)
    {
        var span = node.SyntaxTree.GetLineSpan(node.Span);
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    /// <summary>First line of a node, for messages.</summary>
    public string At(SyntaxNode node) => $"{Path}:{node.SyntaxTree.GetLineSpan(node.Span).StartLinePosition.Line + 1}";
}
