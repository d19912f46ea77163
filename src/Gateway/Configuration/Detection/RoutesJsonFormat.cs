using System.Text.Encodings.Web;
using System.Text.Json;

namespace BlazeGateway.Configuration.Detection;

/// <summary>How a printed <c>routes.json</c> looks.</summary>
internal static class RoutesJsonFormat
{
    /// <summary>Indented, with the characters of addresses and patterns left as they are.</summary>
    public static JsonSerializerOptions Options { get; } = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
