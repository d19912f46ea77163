using System.Text;
using System.Text.Encodings.Web;

namespace BlazeGateway.Api;

/// <summary>Builds a page; whatever is not written by <see cref="Raw"/> is encoded.</summary>
internal sealed class HtmlWriter
{
    private readonly StringBuilder _html = new();

    /// <summary>Markup of our own.</summary>
    public void Raw(string markup) => _html.Append(markup);

    /// <summary>One element with text in it.</summary>
    public void Element(string tag, string text, string? style = null)
    {
        _html.Append('<').Append(tag);
        if (style is not null)
        {
            _html.Append(" class=\"").Append(style).Append('"');
        }

        _html.Append('>').Append(HtmlEncoder.Default.Encode(text)).Append("</").Append(tag).Append('>');
    }

    /// <summary>A table row.</summary>
    public void Row(string firstTag, string otherTag, params ReadOnlySpan<string> cells)
    {
        _html.Append("<tr>");
        for (var i = 0; i < cells.Length; i++)
        {
            Element(i == 0 ? firstTag : otherTag, cells[i]);
        }

        _html.Append("</tr>\n");
    }

    public override string ToString() => _html.ToString();
}
