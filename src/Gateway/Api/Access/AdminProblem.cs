using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.WebUtilities;

namespace BlazeGateway.Api.Access;

/// <summary>An RFC 9457 problem: the form of every error of the admin plane.</summary>
/// <param name="Type">Always <c>about:blank</c>: <paramref name="Code"/> tells them apart.</param>
/// <param name="Title">The status in words.</param>
/// <param name="Status">HTTP status code.</param>
/// <param name="Code">Code of an <see cref="AdminError"/>.</param>
/// <param name="Detail">What is wrong, and what to do.</param>
/// <param name="Errors">Single errors, one line each, where there are several.</param>
internal sealed record AdminProblem(string Type, string Title, int Status, string Code, string Detail, IReadOnlyList<string>? Errors)
{
    private const int ShownLength = 100;
    private const int ListedNames = 20;

    /// <summary>Answers with a problem, and notes the error on the request for metrics and audit log.</summary>
    public static Task WriteAsync(HttpContext context, AdminError error, string detail, IReadOnlyList<string>? errors = null)
    {
        context.Features.Set(error);
        context.Response.StatusCode = error.Status;
        context.Response.ContentType = "application/problem+json; charset=utf-8";
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return Task.CompletedTask;
        }

        var problem = new AdminProblem("about:blank", ReasonPhrases.GetReasonPhrase(error.Status), error.Status, error.Code, detail, errors);
        return context.Response.WriteAsync(JsonSerializer.Serialize(problem, AdminJson.Readable.AdminProblem) + "\n", context.RequestAborted);
    }

    /// <summary>A caller's text as a problem may repeat it.</summary>
    public static string Shown(string text) => text.Length <= ShownLength ? text : text[..ShownLength] + "…";

    /// <summary>Names a caller may choose from, not all of them if there are very many.</summary>
    public static string List(IEnumerable<string> known) => string.Join(", ", known.Order(StringComparer.Ordinal).Take(ListedNames));
}

/// <summary>Serializers made at build time.</summary>
[JsonSerializable(typeof(AdminProblem))]
internal sealed partial class AdminJson : JsonSerializerContext
{
    /// <summary>Indented and without escapes people stumble over; browsers are told not to read it as anything but JSON.</summary>
    public static AdminJson Readable { get; } = new(new JsonSerializerOptions
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
