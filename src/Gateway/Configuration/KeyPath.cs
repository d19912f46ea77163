using System.Text;

namespace BlazeGateway.Configuration;

/// <summary>The keys from the root of a configuration to one place in it. Keys may hold any character, also <c>:</c> and <c>.</c> as model names do.</summary>
internal sealed class KeyPath
{
    public static readonly KeyPath Root = new(null, "");

    private KeyPath(KeyPath? parent, string key)
    {
        Parent = parent;
        Key = key;
    }

    public KeyPath? Parent { get; }

    public string Key { get; }

    public static KeyPath Of(params ReadOnlySpan<string> keys)
    {
        var path = Root;
        foreach (var key in keys)
        {
            path = path.Then(key);
        }

        return path;
    }

    public KeyPath Then(string key) => new(this, key);

    public KeyPath Then(int index) => new(this, index.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public IReadOnlyList<string> Keys()
    {
        var keys = new List<string>();
        for (var path = this; path.Parent is not null; path = path.Parent)
        {
            keys.Add(path.Key);
        }

        keys.Reverse();
        return keys;
    }

    /// <summary>JSON path as in RFC 9535.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("$");
        foreach (var key in Keys())
        {
            if (key.Length > 0 && key.All(char.IsAsciiDigit))
            {
                text.Append('[').Append(key).Append(']');
            }
            else if (key.Length > 0 && key.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '$'))
            {
                text.Append('.').Append(key);
            }
            else
            {
                text.Append("['").Append(key.Replace("'", "\\'", StringComparison.Ordinal)).Append("']");
            }
        }

        return text.ToString();
    }
}
