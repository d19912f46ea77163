using System.Collections;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace BlazeGateway.Policies;

/// <summary>Reads extensions strictly: a key that nobody knows, a value of the wrong kind and one out of range are errors, and all of them are told at once.</summary>
/// <param name="path">Where the extensions are.</param>
internal sealed class ExtensionsReader(string path)
{
    /// <summary>What is wrong, each with its path, value and rule.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>The extensions in <paramref name="section"/>; null when they could not be read.</summary>
    public T? Read<T>(IConfigurationSection section)
        where T : class
    {
        CheckKeys(section, typeof(T));
        if (Errors.Count > 0)
        {
            return null;
        }

        var read = section.Get<T>() ?? Activator.CreateInstance<T>();
        CheckValues(read, section.Path);
        return read;
    }

    /// <summary>Throws what is wrong, if anything is.</summary>
    public void ThrowIfWrong()
    {
        if (Errors.Count > 0)
        {
            throw new InvalidOperationException(path + " cannot be used:" + string.Concat(Errors.Select(static error => "\n  " + error)));
        }
    }

    private void CheckKeys(IConfigurationSection section, Type type)
    {
        foreach (var child in section.GetChildren())
        {
            if (ElementOf(type) is { } element)
            {
                CheckValue(child, element);
            }
            else if (type.GetProperty(child.Key, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase) is { } property)
            {
                CheckValue(child, Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType);
            }
            else
            {
                Errors.Add($"{child.Path} is no key; known here: {string.Join(", ", type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(static known => known.Name))}.");
            }
        }
    }

    private void CheckValue(IConfigurationSection section, Type type)
    {
        if (IsOptions(type) || ElementOf(type) is not null)
        {
            // An empty array or object is given as an empty text.
            if (section.Value is { Length: > 0 } text)
            {
                Errors.Add($"{section.Path} is '{text}'; it must be {(ElementOf(type) is null || IsDictionary(type) ? "an object" : "a list")}.");
            }

            CheckKeys(section, type);
        }
        else if (section.Value is null && section.GetChildren().Any())
        {
            Errors.Add($"{section.Path} is an object or a list; it must be {Word(type)}.");
        }
        else if (section.Value is { } value && !IsValid(value, type))
        {
            Errors.Add($"{section.Path} is '{value}'; it must be {Word(type)}.");
        }
    }

    private void CheckValues(object options, string at)
    {
        foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var value = property.GetValue(options);
            var place = at + ":" + property.Name;
            foreach (var rule in property.GetCustomAttributes<ValidationAttribute>().Where(rule => !rule.IsValid(value)))
            {
                Errors.Add(string.Create(CultureInfo.InvariantCulture, $"{place} is '{value}'; {Rule(rule)}."));
            }

            if (value is IDictionary members)
            {
                foreach (DictionaryEntry member in members)
                {
                    CheckNested(member.Value, place + ":" + member.Key);
                }
            }
            else
            {
                CheckNested(value, place);
            }
        }
    }

    private void CheckNested(object? value, string at)
    {
        if (value is not null && IsOptions(value.GetType()))
        {
            CheckValues(value, at);
        }
    }

    private static string Rule(ValidationAttribute rule) => rule switch
    {
        RangeAttribute range => string.Create(CultureInfo.InvariantCulture, $"it must be from {range.Minimum} to {range.Maximum}"),
        AllowedValuesAttribute allowed => "it must be one of " + string.Join(", ", allowed.Values),
        RequiredAttribute => "it must be given",
        { ErrorMessage: { } message } => message,
        _ => rule.FormatErrorMessage("it"),
    };

    private static bool IsOptions(Type type) => type.Assembly == typeof(ExtensionsReader).Assembly && type.IsClass;

    private static bool IsDictionary(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>);

    private static Type? ElementOf(Type type) => type is { IsGenericType: true } && (IsDictionary(type) || type.GetGenericTypeDefinition() == typeof(List<>)) ? type.GenericTypeArguments[^1] : null;

    private static bool IsValid(string value, Type type)
    {
        try
        {
            return TypeDescriptor.GetConverter(type).ConvertFromInvariantString(value) is not null;
        }
        catch (Exception error) when (error is ArgumentException or FormatException or NotSupportedException or OverflowException)
        {
            return false;
        }
    }

    private static string Word(Type type) =>
        type == typeof(bool) ? "true or false"
        : type == typeof(TimeSpan) ? "a time such as 00:00:30"
        : type == typeof(int) || type == typeof(long) ? "a whole number"
        : type == typeof(double) ? "a number"
        : "a text";
}
